/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a counter-based generator, so that
 * a draw is a function of where it is made and of nothing that was drawn before.
 */

/** The four words for a counter and a key, each of 32-bit words. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(0xd2511f53, c0);
    const [high1, low1] = multiply(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** A 32 × 32-bit product's upper and lower words. */
function multiply(a: number, b: number): [high: number, low: number] {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^33, exact
  const cross = aLow * bHigh + (middle % 0x10000);
  return [(aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0, Math.imul(a, b) >>> 0];
}

/** Uniform in [0, 1) with 53 bits: the draw of a choice at a position. seed: any safe integer. */
export function uniform(seed: number, choice: number, position: number): number {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const [a, b] = philox4x32([position >>> 0, choice >>> 0, 0, 0], key);
  return (a * 2 ** 21 + (b >>> 11)) / 2 ** 53;
}
