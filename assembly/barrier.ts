/**
 * Waits until n threads are here: spins for a while, then sleeps.
 *
 * words: i32[64], 256 bytes: how many have arrived at 0, the generation at 64, poison at 192. The last to arrive resets the count, moves the
 * generation on and wakes the others. Whoever sets poison and then moves the generation on lets all go, those too that come later
 * (src/engine/team.ts: poison).
 */
export function barrier(words: usize, n: i32, spins: i32): void {
  const generation = atomic.load<i32>(words, 64);
  if (atomic.load<i32>(words, 192) != 0) return;
  if (atomic.add<i32>(words, 1) == n - 1) {
    atomic.store<i32>(words, 0);
    atomic.add<i32>(words, 1, 64);
    atomic.notify(words + 64, -1);
    return;
  }
  for (let i = 0; i < spins; i++) if (atomic.load<i32>(words, 64) != generation) return;
  while (atomic.load<i32>(words, 64) == generation) atomic.wait<i32>(words + 64, generation, -1);
}

/** Waits until the i32 at word is no longer value: spins for a while, then sleeps. */
export function waitWhile(word: usize, value: i32, spins: i32): void {
  for (let i = 0; i < spins; i++) if (atomic.load<i32>(word) != value) return;
  while (atomic.load<i32>(word) == value) atomic.wait<i32>(word, value, -1);
}
