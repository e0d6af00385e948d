/** The sparse feed-forward: each row goes to its k experts; rows are grouped by expert, and added up in ascending expert order. */
import type { Expert } from "../weights/expert-store.ts";
import { padRows } from "../wasm/formats.ts";
import { TURN, type Core, type Pause } from "./core.ts";
import { copy } from "./linear.ts";

/** The rows that go to one expert. */
interface Group {
  readonly expert: number;
  readonly rows: number[];
  readonly weights: number[];
}

/** buffers.u, the linear layers' input → this thread's share of buffers.o. Pauses before each expert. */
export function* feedForwardExperts(core: Core, layer: number, nRows: number): Generator<Pause, void, void> {
  const { config, experts, team, buffers, banks } = core;
  const H = config.hiddenSize;
  const groups = route(core, layer, nRows);
  if (!experts.complete) {
    const missing = team.index > 0 ? [] : groups.filter(({ expert }) => !experts.locate(layer, expert)).map(({ expert }) => expert);
    if (missing.length > 0) yield { layer, experts: missing };
    team.barrier();
  }

  let inner = buffers.gate;
  for (const group of groups) {
    yield TURN;
    gateAndUp(core, locate(core, layer, group), group, inner);
    inner += group.rows.length * padRows(config.expertFeedForwardSize) * 4;
  }
  team.barrier();
  const [from, to] = team.share(H, 8);
  for (let t = 0; t < nRows; t++) banks[0]!.bytes.fill(0, buffers.o + (t * H + from) * 4, buffers.o + (t * H + to) * 4);
  inner = buffers.gate;
  for (const group of groups) {
    yield TURN;
    addDown(core, locate(core, layer, group), group, inner, [from, to]);
    inner += group.rows.length * padRows(config.expertFeedForwardSize) * 4;
  }
}

/** Which rows go to which experts, ascending. */
function route({ config, weights, banks, buffers, linear }: Core, layer: number, nRows: number): Group[] {
  const { nExperts, nExpertsPerToken } = config;
  const { router, bias } = weights.layers[layer]!.experts!;
  const { kernels, i32, f32 } = banks[0]!;
  linear.apply(buffers.routerLogits, router, [0, padRows(nExperts)]);
  const groups = Array.from({ length: nExperts }, (_, expert): Group => ({ expert, rows: [], weights: [] }));
  for (let t = 0; t < nRows; t++) {
    const chosen = t * nExpertsPerToken * 4;
    const logits = buffers.routerLogits + t * padRows(nExperts) * 4;
    kernels.router(buffers.experts + chosen, buffers.expertWeights + chosen, logits, bias, nExperts, nExpertsPerToken);
    for (let i = 0; i < nExpertsPerToken; i++) {
      const group = groups[i32[(buffers.experts + chosen) / 4 + i]!]!;
      group.rows.push(t);
      group.weights.push(f32[(buffers.expertWeights + chosen) / 4 + i]!);
    }
  }
  return groups.filter(({ rows }) => rows.length > 0);
}

function locate({ experts }: Core, layer: number, { expert }: Group): Expert {
  const record = experts.locate(layer, expert);
  if (!record) throw new Error(`expert ${expert} of layer ${layer} was not filled`);
  return record;
}

/** inner: f32[rows][expertFf] in home: this thread's share of silu(gate·u) ⊙ up·u. */
function gateAndUp({ banks, buffers, linear, team, scratch, scratchAt }: Core, { gate, up }: Expert, { rows }: Group, inner: number): void {
  const ff = padRows(gate.rows);
  const share = team.share(ff, 8);
  const base = scratchAt(gate.bank);
  const bank = banks[gate.bank]!;
  const [, g] = linear.applyIn(inner, gate, share, rows, base + scratch.gate);
  const [, u] = linear.applyIn(inner - buffers.gate + buffers.up, up, share, rows, base + scratch.up);
  const bytes = (share[1] - share[0]) * 4;
  for (let r = 0; r < rows.length; r++) {
    const at = (r * ff + share[0]) * 4;
    bank.kernels.swiglu(g + at, g + at, u + at, bytes / 4);
    if (gate.bank !== 0) copy(bank, g + at, banks[0]!, inner + at, bytes);
  }
}

/** o[row] += weight · down·inner[row], this thread's share of outputs. */
function addDown(
  { config, banks, buffers, linear, scratch, scratchAt }: Core,
  { down }: Expert,
  { rows, weights }: Group,
  inner: number,
  share: readonly [number, number],
): void {
  const H = config.hiddenSize;
  const home = banks[0]!;
  const bytes = (share[1] - share[0]) * 4;
  const output = scratchAt(0) + scratch.output;
  linear.input(inner, padRows(down.cols), rows.length);
  const [bank, y] = linear.applyIn(output, down, share);
  for (const [i, row] of rows.entries()) {
    const at = (i * H + share[0]) * 4;
    if (bank !== 0) copy(banks[bank]!, y + at, home, output + at, bytes);
    home.kernels.addScaled(buffers.o + (row * H + share[0]) * 4, output + at, weights[i]!, bytes / 4);
  }
}
