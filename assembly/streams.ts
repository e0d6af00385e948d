/**
 * One row of activations uses each weight once, so that memory decides how fast: and it gives more to a thread that reads in four places than to
 * one that reads on and on in one. Outputs are divided into four *streams* of octets therefore, each its own part of the matrix, which one loop
 * takes side by side, an activation loaded once for all four (`streams` in matmul/). Octets next to each other would not do: each is read in two
 * or three pages. `npm run bench:kernels` tells what it gives (bench/RESULTS.md, "four streams").
 */

/** Outputs of each stream: whole octets. Up to three octets behind the last stream are left. */
export function streamOutputs(from: i32, to: i32): i32 {
  return ((to - from) >> 5) << 3;
}

/** y: f32[8] = both quads' sums; returns where the next stream's are. */
export function storeOctet(y: usize, a: v128, b: v128, outputs: usize): usize {
  v128.store(y, a);
  v128.store(y, b, 16);
  return y + (outputs << 2);
}
