/**
 * The one door to the experts: (layer, expert) → where its record lies. A record is gate, up and down, packed, one behind the other.
 * All resident is this store with a slot for every expert.
 */
import type { BankPlan, Place } from "../wasm/bank.ts";
import { packedBytes } from "../wasm/formats.ts";
import type { ModelConfig, ModelTensors } from "./config.ts";
import type { Matrix } from "./model-weights.ts";
import { repackRows, type Repacker } from "./repack.ts";

export interface Expert {
  readonly gate: Matrix; // [expertFf, hidden]
  readonly up: Matrix;
  readonly down: Matrix; // [hidden, expertFf]
}

export class ExpertStore {
  readonly #tensors: ModelTensors;
  readonly #slots: Expert[][]; // [layer][expert]; empty for dense layers
  readonly #resident: Uint8Array[]; // 1: the slot holds its expert
  #missing: number;

  constructor(plan: BankPlan, config: ModelConfig, tensors: ModelTensors) {
    this.#tensors = tensors;
    this.#slots = tensors.layers.map(({ experts }) => {
      if (!experts) return [];
      const { hiddenSize: hidden, expertFeedForwardSize: ff } = config;
      const sizes = [
        packedBytes(experts.gate.type, hidden, ff),
        packedBytes(experts.up.type, hidden, ff),
        packedBytes(experts.down.type, ff, hidden),
      ] as const;
      return Array.from({ length: config.nExperts }, (): Expert => {
        const record: Place = plan.allocate(sizes[0] + sizes[1] + sizes[2]);
        return {
          gate: { ...record, type: experts.gate.type, cols: hidden, rows: ff },
          up: { bank: record.bank, offset: record.offset + sizes[0], type: experts.up.type, cols: hidden, rows: ff },
          down: { bank: record.bank, offset: record.offset + sizes[0] + sizes[1], type: experts.down.type, cols: ff, rows: hidden },
        };
      });
    });
    this.#resident = this.#slots.map((slots) => new Uint8Array(slots.length));
    this.#missing = this.#slots.reduce((sum, slots) => sum + slots.length, 0);
  }

  /** All are resident. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /** The expert's record; undefined where it has to be filled first. */
  locate(layer: number, expert: number): Expert | undefined {
    return this.#resident[layer]?.[expert] ? this.#slots[layer]?.[expert] : undefined;
  }

  /** Reads and packs one expert into its slot. */
  async fill(repacker: Repacker, layer: number, expert: number, signal?: AbortSignal): Promise<void> {
    const slot = this.#slots[layer]?.[expert];
    const tensors = this.#tensors.layers[layer]?.experts;
    if (!slot || !tensors) throw new RangeError(`layer ${layer} has no expert ${expert}`);
    await repackRows(repacker, tensors.gate, expert * slot.gate.rows, slot.gate, signal);
    await repackRows(repacker, tensors.up, expert * slot.up.rows, slot.up, signal);
    await repackRows(repacker, tensors.down, expert * slot.down.rows, slot.down, signal);
    this.#missing -= 1 - this.#resident[layer]![expert]!;
    this.#resident[layer]![expert] = 1;
  }

  /** Every expert, in layer order. */
  get all(): { layer: number; expert: number }[] {
    return this.#slots.flatMap((slots, layer) => slots.map((_, expert) => ({ layer, expert })));
  }

  /** All were filled, whichever thread did it. */
  markComplete(): void {
    for (const resident of this.#resident) resident.fill(1);
    this.#missing = 0;
  }
}
