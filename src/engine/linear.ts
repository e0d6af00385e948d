/** y = W·x for a batch of rows, wherever W lies: the one place that knows about activation forms and foreign banks. */
import type { Bank } from "../wasm/bank.ts";
import { activationBytes, FORMATS, padRows, type ActivationForm } from "../wasm/formats.ts";
import type { Build } from "../wasm/builds.ts";
import type { Matrix } from "../weights/model-weights.ts";
import type { Scratch } from "./buffers.ts";

export class Linear {
  readonly #banks: readonly Bank[];
  readonly #build: Build;
  readonly #scratch: Scratch;
  readonly #scratchAt: (bank: number) => number;
  readonly #quantized: number; // home: [T] rows, each in its widest form
  // The input: f32 rows in home, and the form that #quantized holds of them.
  #x = 0;
  #cols = 0;
  #nRows = 0;
  #form: ActivationForm | undefined;

  constructor(banks: readonly Bank[], build: Build, scratch: Scratch, scratchAt: (bank: number) => number, quantized: number) {
    this.#banks = banks;
    this.#build = build;
    this.#scratch = scratch;
    this.#scratchAt = scratchAt;
    this.#quantized = quantized;
  }

  /** x: f32[nRows][cols] in home, the input of the calls that follow. */
  input(x: number, cols: number, nRows: number): void {
    this.#x = x;
    this.#cols = cols;
    this.#nRows = nRows;
    this.#form = undefined;
  }

  /** y = W·x. y: f32[nRows][W.rows, padded to 8] in home. */
  apply(y: number, w: Matrix): void {
    const home = this.#banks[0]!;
    const bank = this.#banks[w.bank]!;
    const { matmul, activations } = FORMATS[w.type];
    const x = this.#inForm(activations);
    const xStride = activationBytes(activations, w.cols, this.#build);
    const rows = padRows(w.rows);
    if (bank === home) {
      home.kernels[matmul](y, rows * 4, x, xStride, w.offset, w.cols, 0, rows, this.#nRows);
      return;
    }
    const base = this.#scratchAt(w.bank);
    const [input, output] = [base + this.#scratch.input, base + this.#scratch.output];
    copy(home, x, bank, input, this.#nRows * xStride);
    bank.kernels[matmul](output, rows * 4, input, xStride, w.offset, w.cols, 0, rows, this.#nRows);
    copy(bank, output, home, y, this.#nRows * rows * 4);
  }

  /** y = W·x for some rows of the input, gathered, with W, x and y in W's bank. y: f32[rows.length][W.rows, padded to 8]. */
  applyGathered(y: number, w: Matrix, rows: readonly number[]): void {
    const { matmul, activations } = FORMATS[w.type];
    const bank = this.#banks[w.bank]!;
    const x = this.#inForm(activations);
    const stride = activationBytes(activations, w.cols, this.#build);
    const input = this.#scratchAt(w.bank) + this.#scratch.input;
    for (let i = 0; i < rows.length; i++) copy(this.#banks[0]!, x + rows[i]! * stride, bank, input + i * stride, stride);
    bank.kernels[matmul](y, padRows(w.rows) * 4, input, stride, w.offset, w.cols, 0, padRows(w.rows), rows.length);
  }

  /** y = W·x with x: f32[nRows][xRow] and y in W's bank: what an expert does with its inner rows. */
  applyWithin(y: number, w: Matrix, x: number, xRow: number, nRows: number): void {
    const { matmul, activations } = FORMATS[w.type];
    const bank = this.#banks[w.bank]!;
    let input = x;
    let stride = xRow * 4;
    if (activations !== "f32") {
      input = this.#scratchAt(w.bank) + this.#scratch.input;
      stride = activationBytes(activations, w.cols, this.#build);
      quantize(bank, activations, input, stride, x, xRow * 4, w.cols, nRows);
    }
    bank.kernels[matmul](y, padRows(w.rows) * 4, input, stride, w.offset, w.cols, 0, padRows(w.rows), nRows);
  }

  /** Where in home the input lies in this form. Made when first asked for; a model asks for one or two. */
  #inForm(form: ActivationForm): number {
    if (form === "f32") return this.#x;
    if (form !== this.#form) {
      quantize(
        this.#banks[0]!,
        form,
        this.#quantized,
        activationBytes(form, this.#cols, this.#build),
        this.#x,
        this.#cols * 4,
        this.#cols,
        this.#nRows,
      );
      this.#form = form;
    }
    return this.#quantized;
  }
}

const QUANTIZERS = { q32: "quantizeRow32", q32Wide: "quantizeRow32Wide", q256: "quantizeRow256" } as const;

function quantize(
  bank: Bank,
  form: keyof typeof QUANTIZERS,
  q: number,
  qStride: number,
  x: number,
  xStride: number,
  cols: number,
  nRows: number,
): void {
  for (let r = 0; r < nRows; r++) bank.kernels[QUANTIZERS[form]](q + r * qStride, x + r * xStride, cols);
}

/** Copies bytes between banks, or within one. */
export function copy(from: Bank, source: number, to: Bank, target: number, bytes: number): void {
  if (from === to) to.bytes.copyWithin(target, source, source + bytes);
  else to.bytes.set(from.bytes.subarray(source, source + bytes), target);
}
