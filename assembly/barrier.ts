/**
 * Waits until n threads are here: spins for a while, then sleeps.
 *
 * words: i32[32], 128 bytes: how many have arrived at 0, the generation at 64. The last to arrive resets the count, moves the generation on and
 * wakes the others. Whoever moves the generation on without having arrived lets all go (src/engine/team.ts: poison).
 */
export function barrier(words: usize, n: i32, spins: i32): void {
  const generation = atomic.load<i32>(words, 64);
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
