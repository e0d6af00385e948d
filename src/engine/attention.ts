/** Attention of a batch's rows over their sequences' KV pages, in whichever banks those lie. A thread does the heads of its share. */
import { TURN, type Core, type Pause, type Run } from "./core.ts";
import { PAGE_POSITIONS } from "./kv-cache.ts";
import { copy } from "./linear.ts";

const APPEND = { f32: "appendKv", f16: "appendKvF16", q8: "appendKvQ8" } as const;
const ATTEND = { f32: "attendPage", f16: "attendPageF16", q8: "attendPageQ8" } as const;

/** buffers.q, k, v (normed, rotated) → buffers.a, for KV heads from … to. All keys and values are stored before any row attends. Pauses before each row. */
export function* attention(
  core: Core,
  attentionLayer: number,
  runs: readonly Run[],
  [from, to]: readonly [number, number],
): Generator<Pause, void, void> {
  const { config, banks, buffers, kv } = core;
  const { nHeads, nKvHeads, headDim } = config;
  const { kernels } = banks[0]!;
  const group = nHeads / nKvHeads;
  for (const run of runs) for (let i = 0; i < run.count; i++) append(core, attentionLayer, run, i, from, to);
  for (const { sequence, row, position, count } of runs) {
    for (let i = 0; i < count; i++) {
      yield TURN;
      const at = (row + i) * nHeads * headDim * 4;
      kernels.attentionBegin(buffers.state, nHeads, headDim);
      for (let first = 0; first <= position + i; first += PAGE_POSITIONS) {
        const page = kv.place(sequence.pages[first / PAGE_POSITIONS]!, attentionLayer);
        attendPage(core, page.bank, page.offset, buffers.q + at, from, to, Math.min(PAGE_POSITIONS, position + i + 1 - first));
      }
      kernels.attentionEnd(buffers.a + at, buffers.state, nHeads, headDim, from * group, to * group);
    }
  }
}

function append(
  { config, banks, buffers, kv, scratch, scratchAt }: Core,
  attentionLayer: number,
  { sequence, row, position }: Run,
  i: number,
  from: number,
  to: number,
): void {
  const { nKvHeads, headDim } = config;
  const bytes = nKvHeads * headDim * 4;
  const page = kv.place(sequence.pages[Math.floor((position + i) / PAGE_POSITIONS)]!, attentionLayer);
  const bank = banks[page.bank]!;
  let k = buffers.k + (row + i) * bytes;
  let v = buffers.v + (row + i) * bytes;
  if (page.bank !== 0) {
    const base = scratchAt(page.bank);
    copy(banks[0]!, k, bank, base + scratch.k, bytes);
    copy(banks[0]!, v, bank, base + scratch.v, bytes);
    k = base + scratch.k;
    v = base + scratch.v;
  }
  const slot = (position + i) % PAGE_POSITIONS;
  bank.kernels[APPEND[kv.type]](page.offset, k, v, nKvHeads, headDim, from, to, slot);
}

/** Takes a page's first `count` positions into the row's state. */
function attendPage(
  { config, banks, buffers, kv, scratch, scratchAt }: Core,
  bankIndex: number,
  page: number,
  q: number,
  from: number,
  to: number,
  count: number,
): void {
  const { nHeads, nKvHeads, headDim } = config;
  const bank = banks[bankIndex]!;
  const base = scratchAt(bankIndex);
  const attend = bank.kernels[ATTEND[kv.type]];
  if (bankIndex === 0) {
    attend(buffers.state, q, page, base + scratch.scores, nHeads, nKvHeads, headDim, from, to, count);
    return;
  }
  const stateBytes = nHeads * (headDim + 2) * 4;
  copy(banks[0]!, q, bank, base + scratch.q, nHeads * headDim * 4);
  copy(banks[0]!, buffers.state, bank, base + scratch.state, stateBytes);
  attend(base + scratch.state, base + scratch.q, page, base + scratch.scores, nHeads, nKvHeads, headDim, from, to, count);
  copy(bank, base + scratch.state, banks[0]!, buffers.state, stateBytes);
}
