/**
 * Banks: a wasm32 memory ends at 4 GiB, a model does not. Space is first planned (BankPlan.allocate), then all banks are made at once.
 *
 *     bank 0, "home"   │ constants │ activations, states, weights … │        every bank has its own instance of the kernels;
 *     bank 1 …         │ constants │ scratch, weights, KV pages …   │        a kernel touches one bank
 */
import { OutOfMemoryError } from "../errors.ts";
import { BANK_START, instantiateKernels, type Kernels } from "./kernels.ts";

const PAGE = 65536;
/** Just under 4 GiB: the last page is left out so that no end address wraps to 0. */
export const MAX_BANK_BYTES = 65535 * PAGE;

export interface Bank {
  readonly index: number;
  readonly kernels: Kernels;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly f32: Float32Array<SharedArrayBuffer>;
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly memory: WebAssembly.Memory;
}

/** A place in a bank that is planned, or made. */
export interface Place {
  readonly bank: number;
  readonly offset: number; // bytes
}

export class BankPlan {
  readonly #limit: number;
  readonly #reserve: number;
  readonly #tops: number[] = [];

  /** limit: bytes of one bank; reserve: scratch at the start of every bank but home, bytes. */
  constructor(limit: number = MAX_BANK_BYTES, reserve = 0) {
    this.#limit = Math.min(limit, MAX_BANK_BYTES);
    this.#reserve = reserve;
    this.#tops.push(BANK_START);
  }

  /** Room for bytes, aligned to 64, in the first bank that has it, or in a new one; in home only, if so asked. */
  allocate(bytes: number, where: "home" | "anywhere" = "anywhere"): Place {
    const size = align(bytes);
    const banks = where === "home" ? 1 : Number.POSITIVE_INFINITY;
    for (let bank = 0; bank < banks; bank++) {
      if (bank === this.#tops.length) this.#tops.push(BANK_START + align(this.#reserve));
      const offset = this.#tops[bank]!;
      if (offset + size <= this.#limit) {
        this.#tops[bank] = offset + size;
        return { bank, offset };
      }
      if (bank > 0 && offset === BANK_START + align(this.#reserve)) break;
    }
    throw new OutOfMemoryError(`one allocation of ${bytes} bytes does not fit a bank of ${this.#limit}`, bytes, this.#limit);
  }

  /** Where the scratch of a bank other than home lies. */
  get scratch(): number {
    return BANK_START;
  }

  get totalBytes(): number {
    return this.#tops.reduce((sum, top) => sum + top, 0);
  }

  /** The banks' memories, from the pool where it has them. @throws OutOfMemoryError */
  createMemories(): WebAssembly.Memory[] {
    const memories: WebAssembly.Memory[] = [];
    try {
      for (const top of this.#tops) memories.push(takeMemory(Math.ceil(top / PAGE)));
    } catch (error) {
      releaseMemories(memories);
      if (error instanceof RangeError) {
        throw new OutOfMemoryError(
          `cannot reserve ${this.totalBytes} bytes of memory for the model`,
          this.totalBytes,
          memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
        );
      }
      throw error;
    }
    return memories;
  }
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** A thread's view of the banks: its own instances of the kernels over memories that all share. */
export function openBanks(module: WebAssembly.Module, memories: readonly WebAssembly.Memory[]): Bank[] {
  return memories.map((memory, index) => {
    const buffer = memory.buffer as unknown as SharedArrayBuffer;
    return {
      index,
      memory,
      kernels: instantiateKernels(module, memory),
      bytes: new Uint8Array(buffer),
      f32: new Float32Array(buffer),
      i32: new Int32Array(buffer),
    };
  });
}

/**
 * V8 gives a dropped shared memory back only at a full collection: five loads of 1 GiB held 5.2 GiB. So memories are kept and used again.
 */
const pool: WebAssembly.Memory[] = [];

function takeMemory(pages: number): WebAssembly.Memory {
  const size = (memory: WebAssembly.Memory): number => memory.buffer.byteLength / PAGE;
  pool.sort((a, b) => size(a) - size(b));
  const fits = pool.findIndex((memory) => size(memory) >= pages);
  if (fits >= 0) return pool.splice(fits, 1)[0]!;
  const largest = pool.at(-1);
  if (largest) {
    try {
      largest.grow(pages - size(largest));
      pool.pop();
      return largest;
    } catch {
      // An address space that cannot grow in place stays in the pool for a smaller bank.
    }
  }
  return new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
}

/** Gives memories to the pool that the next load uses. Their banks must not be used again. */
export function releaseMemories(memories: WebAssembly.Memory[]): void {
  pool.push(...memories.splice(0));
}
