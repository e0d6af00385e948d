/** The k largest of many without sorting them all. */

/** Indices of the k largest values, largest first, a tie to the lower index. NaN and −∞ are never chosen. */
export function selectLargest(values: ArrayLike<number>, k: number): number[] {
  if (k <= 0) return [];
  // A binary heap of what is chosen so far, its worst on top: most values lose against that one and cost a comparison.
  const heap: number[] = [];
  const worse = (a: number, b: number): boolean => values[a]! < values[b]! || (values[a] === values[b] && a > b);
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! > Number.NEGATIVE_INFINITY)) continue;
    if (heap.length < k) {
      heap.push(i);
      siftUp(heap, worse);
    } else if (values[i]! > values[heap[0]!]!) {
      heap[0] = i;
      siftDown(heap, worse);
    }
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

/** The index of the largest value, the lowest on a tie; undefined when there is none above −∞. */
export function largest(values: ArrayLike<number>): number | undefined {
  let best: number | undefined;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > max) {
      max = values[i]!;
      best = i;
    }
  }
  return best;
}
