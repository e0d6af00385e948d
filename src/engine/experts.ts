/** The sparse feed-forward: each row goes to its k experts; rows are grouped by expert, and added up in ascending expert order. */
import { padRows } from "../wasm/formats.ts";
import type { Core } from "./core.ts";
import type { Pause } from "./forward.ts";
import { copy } from "./linear.ts";

/** buffers.u, the linear layers' input → buffers.o. Pauses where an expert is not resident. */
export function* feedForwardExperts(core: Core, layer: number, nRows: number): Generator<Pause, void, void> {
  const { config, weights, experts, banks, buffers, linear } = core;
  const { nExperts, nExpertsPerToken, hiddenSize: H } = config;
  const { router, bias } = weights.layers[layer]!.experts!;
  const { kernels, i32, f32, bytes } = banks[0]!;

  linear.apply(buffers.routerLogits, router);
  for (let t = 0; t < nRows; t++) {
    const chosen = t * nExpertsPerToken * 4;
    const logits = buffers.routerLogits + t * padRows(nExperts) * 4;
    kernels.router(buffers.experts + chosen, buffers.expertWeights + chosen, logits, bias, nExperts, nExpertsPerToken);
  }

  const groups: { rows: number[]; weights: number[] }[] = Array.from({ length: nExperts }, () => ({ rows: [], weights: [] }));
  for (let i = 0; i < nRows * nExpertsPerToken; i++) {
    const group = groups[i32[buffers.experts / 4 + i]!]!;
    group.rows.push(Math.floor(i / nExpertsPerToken));
    group.weights.push(f32[buffers.expertWeights / 4 + i]!);
  }
  const missing = groups.flatMap(({ rows }, expert) => (rows.length > 0 && !experts.locate(layer, expert) ? [expert] : []));
  if (missing.length > 0) yield { layer, experts: missing };

  bytes.fill(0, buffers.o, buffers.o + nRows * H * 4);
  for (const [expert, group] of groups.entries()) if (group.rows.length > 0) applyExpert(core, layer, expert, group);
}

/** o[row] += weight · down(silu(gate·u[row]) ⊙ up·u[row]) for the expert's rows. */
function applyExpert(core: Core, layer: number, expert: number, { rows, weights }: { rows: number[]; weights: number[] }): void {
  const { config, experts, banks, buffers, linear, scratch, scratchAt } = core;
  const { hiddenSize: H } = config;
  const record = experts.locate(layer, expert);
  if (!record) throw new Error(`expert ${expert} of layer ${layer} was not filled`);
  const { gate, up, down } = record;
  const home = banks[0]!;
  const bank = banks[gate.bank]!;
  const base = scratchAt(gate.bank);
  const ff = padRows(gate.rows);

  linear.applyGathered(base + scratch.gate, gate, rows);
  linear.applyGathered(base + scratch.up, up, rows);
  bank.kernels.swiglu(base + scratch.gate, base + scratch.gate, base + scratch.up, rows.length * ff);
  linear.applyWithin(base + scratch.output, down, base + scratch.gate, ff, rows.length);

  const output = scratchAt(0) + scratch.output;
  if (gate.bank !== 0) copy(bank, base + scratch.output, home, output, rows.length * H * 4);
  for (const [i, row] of rows.entries()) home.kernels.addScaled(buffers.o + row * H * 4, output + i * H * 4, weights[i]!, H);
}
