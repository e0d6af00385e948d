/** The k largest of many without sorting them all. */

/** Indices of the k largest values, largest first, a tie to the lower index. NaN and −∞ are never chosen. */
export function selectLargest(values: Float32Array, k: number): number[] {
  if (k <= 0) return [];
  // A binary heap of what is chosen so far, its worst on top: most values lose against that one and cost a comparison.
  const heap: number[] = [];
  const worse = (a: number, b: number): boolean => values[a]! < values[b]! || (values[a] === values[b] && a > b);
  let floor = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! > floor)) continue;
    if (heap.length < k) {
      heap.push(i);
      siftUp(heap, worse);
      if (heap.length < k) continue;
    } else {
      heap[0] = i;
      siftDown(heap, worse);
    }
    floor = values[heap[0]!]!;
  }
  return heap.sort((a, b) => (worse(a, b) ? 1 : -1));
}

function siftUp(heap: number[], worse: (a: number, b: number) => boolean): void {
  let child = heap.length - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!worse(heap[child]!, heap[parent]!)) return;
    [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
    child = parent;
  }
}

function siftDown(heap: number[], worse: (a: number, b: number) => boolean): void {
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && worse(heap[child + 1]!, heap[child]!)) child++;
    if (!worse(heap[child]!, heap[parent]!)) return;
    [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
    parent = child;
  }
}

/** Values are looked at in blocks of so many: where a block's largest is too small, so is all of it. */
export const BLOCK = 64;

/** The index of the largest value, the lowest on a tie; undefined when there is none above −∞. maxima: of each block. */
export function largest(values: Float32Array, maxima: Float32Array): number | undefined {
  let block = -1;
  let max = Number.NEGATIVE_INFINITY;
  for (let b = 0; b < maxima.length; b++) {
    if (maxima[b]! > max) {
      max = maxima[b]!;
      block = b;
    }
  }
  return block < 0 ? undefined : values.indexOf(max, block * BLOCK);
}

/** A value that the k largest reach: k of the blocks have one that does. −∞ where there are fewer blocks. */
export function floorOfLargest(maxima: Float32Array, k: number): number {
  const last = k <= maxima.length ? selectLargest(maxima, k)[k - 1] : undefined;
  return last === undefined ? Number.NEGATIVE_INFINITY : maxima[last]!;
}
