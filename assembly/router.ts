import { exp1 } from "./exp";

/**
 * The experts of one row: scores s = sigmoid(logits); the k largest s + bias are chosen, a tie goes to the lower index; their weights
 * are s, without the bias, divided by (Σ s + 1e-6).
 *
 * indices: i32[k], ascending; weights: f32[k]; logits: f32[n]; bias: f32[n], or 0 for none; 0 < k ≤ n. logits are overwritten by scores.
 */
export function router(indices: usize, weights: usize, logits: usize, bias: usize, n: i32, k: i32): void {
  assert(k > 0 && k <= n, "router: k must be between 1 and n");
  for (let e = 0; e < n; e++) {
    const p = logits + ((<usize>e) << 2);
    f32.store(p, 1 / (1 + exp1(-f32.load(p))));
  }
  let total: f32 = 0;
  let chosen = 0;
  // An expert is chosen if fewer than k others beat it: the order of the list is the index order, with no sort.
  for (let e = 0; e < n && chosen < k; e++) {
    const score = biased(logits, bias, e);
    let better = 0;
    for (let o = 0; o < n; o++) {
      const other = biased(logits, bias, o);
      if (other > score || (other == score && o < e)) better++;
    }
    if (better < k) {
      const s = f32.load(logits + ((<usize>e) << 2));
      i32.store(indices + ((<usize>chosen) << 2), e);
      f32.store(weights + ((<usize>chosen) << 2), s);
      total += s;
      chosen++;
    }
  }
  for (let i = 0; i < k; i++) {
    const p = weights + ((<usize>i) << 2);
    f32.store(p, f32.load(p) / (total + <f32>1e-6));
  }
}

function biased(scores: usize, bias: usize, e: i32): f32 {
  const s = f32.load(scores + ((<usize>e) << 2));
  return bias ? s + f32.load(bias + ((<usize>e) << 2)) : s;
}
