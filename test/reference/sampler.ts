/** The sampling order said plainly, in f64 with full sorts: what remains to draw from, and with what probability. */
export interface ReferenceOptions {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  typicalP: number;
}

export function remaining(logits: ArrayLike<number>, { temperature, topK, topP, minP, typicalP }: ReferenceOptions): Map<number, number> {
  let left = Array.from(logits, (logit, id) => ({ id, x: logit / temperature, p: 0 })).sort((a, b) => b.x - a.x || a.id - b.id);
  const normalise = (): void => {
    const max = Math.max(...left.map(({ x }) => x));
    const sum = left.reduce((total, { x }) => total + Math.exp(x - max), 0);
    for (const token of left) token.p = Math.exp(token.x - max) / sum;
  };
  const upTo = (mass: number): void => {
    let reached = 0;
    left = left.filter((token, i) => {
      const wanted = i === 0 || reached < mass;
      reached += token.p;
      return wanted;
    });
  };
  if (topK > 0) left = left.slice(0, topK);
  normalise();
  if (typicalP < 1) {
    const entropy = -left.reduce((total, { p }) => total + p * Math.log(p), 0);
    left.sort((a, b) => Math.abs(-Math.log(a.p) - entropy) - Math.abs(-Math.log(b.p) - entropy) || a.id - b.id);
    upTo(typicalP);
    normalise();
    left.sort((a, b) => b.p - a.p || a.id - b.id);
  }
  if (topP < 1) {
    upTo(topP);
    normalise();
  }
  if (minP > 0) {
    left = left.filter(({ p }) => p >= minP * left[0]!.p);
    normalise();
  }
  return new Map(left.map(({ id, p }) => [id, p]));
}
