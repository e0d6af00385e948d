/** The k largest of sigmoid(logits) + bias, the lower index on a tie, ascending; weights: the sigmoids alone, over (their sum + 1e-6). */
export function router(
  logits: ArrayLike<number>,
  bias: ArrayLike<number> | undefined,
  k: number,
): { scores: Float64Array; indices: number[]; weights: number[] } {
  const scores = Float64Array.from(logits, (l) => 1 / (1 + Math.exp(-l)));
  const ranked = Array.from(scores, (s, e) => ({ e, rank: s + (bias?.[e] ?? 0) })).sort((a, b) => b.rank - a.rank || a.e - b.e);
  const indices = ranked
    .slice(0, k)
    .map(({ e }) => e)
    .sort((a, b) => a - b);
  const total = indices.reduce((sum, e) => sum + scores[e]!, 0);
  return { scores, indices, weights: indices.map((e) => scores[e]! / (total + 1e-6)) };
}
