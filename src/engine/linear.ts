/** y = W·x for a batch of rows, wherever W lies: the one place that knows about activation forms, foreign banks and a thread's share. */
import type { Bank } from "../wasm/bank.ts";
import { activationBytes, FORMATS, padRows, QUANTIZERS, type ActivationForm } from "../wasm/formats.ts";
import type { Build } from "../wasm/builds.ts";
import type { Matrix } from "../weights/model-weights.ts";
import type { Scratch } from "./buffers.ts";
import type { Team } from "./team.ts";

export class Linear {
  readonly #team: Team;
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

  constructor(team: Team, banks: readonly Bank[], build: Build, scratch: Scratch, scratchAt: (bank: number) => number, quantized: number) {
    this.#team = team;
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

  /** y = W·x for outputs from … to: this thread's share unless said otherwise. y: f32[nRows][W.rows, padded to 8] in home. */
  apply(y: number, w: Matrix, [from, to] = this.#team.share(padRows(w.rows), 8)): void {
    const stride = padRows(w.rows) * 4;
    const [bank, output] = this.applyIn(y, w, [from, to]);
    if (bank === 0) return;
    for (let r = 0; r < this.#nRows; r++)
      copy(this.#banks[bank]!, output + r * stride + from * 4, this.#banks[0]!, y + r * stride + from * 4, (to - from) * 4);
  }

  /**
   * The same, left in W's bank: at y where that is home, else at `foreign` or in the scratch. `rows`: those of the input, gathered.
   * Returns where the outputs are.
   */
  applyIn(
    y: number,
    w: Matrix,
    [from, to]: readonly [number, number],
    rows?: readonly number[],
    foreign?: number,
  ): [bank: number, y: number] {
    const { matmul, activations } = FORMATS[w.type];
    const bank = this.#banks[w.bank]!;
    const nRows = rows?.length ?? this.#nRows;
    const stride = activationBytes(activations, w.cols, this.#build);
    const gathered = rows && nRows < this.#nRows;
    let x = this.#inForm(activations);
    if (w.bank !== 0 || gathered) {
      const input = this.#scratchAt(w.bank) + this.#scratch.input;
      if (gathered) for (let i = 0; i < nRows; i++) copy(this.#banks[0]!, x + rows[i]! * stride, bank, input + i * stride, stride);
      else copy(this.#banks[0]!, x, bank, input, nRows * stride);
      x = input;
    }
    const output = w.bank === 0 ? y : (foreign ?? this.#scratchAt(w.bank) + this.#scratch.output);
    bank.kernels[matmul](output, padRows(w.rows) * 4, x, stride, w.offset, w.cols, from, to, nRows);
    return [w.bank, output];
  }

  /** Where in home the input lies in this form. Made when first asked for; a model asks for one or two. */
  #inForm(form: ActivationForm): number {
    if (form === "f32") return this.#x;
    if (form !== this.#form) {
      const stride = activationBytes(form, this.#cols, this.#build);
      const quantize = this.#banks[0]!.kernels[QUANTIZERS[form]];
      for (let r = 0; r < this.#nRows; r++) quantize(this.#quantized + r * stride, this.#x + r * this.#cols * 4, this.#cols);
      this.#form = form;
    }
    return this.#quantized;
  }
}

/** Copies bytes between banks, or within one. */
export function copy(from: Bank, source: number, to: Bank, target: number, bytes: number): void {
  if (from === to) to.bytes.copyWithin(target, source, source + bytes);
  else to.bytes.set(from.bytes.subarray(source, source + bytes), target);
}
