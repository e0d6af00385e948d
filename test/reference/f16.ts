/** IEEE 754 binary16, said with arithmetic instead of bits. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** The nearest f16, ties to even. */
export function roundToF16(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const [sign, size] = [Math.sign(x), Math.abs(x)];
  if (size >= 65520) return sign * Number.POSITIVE_INFINITY;
  const step = 2 ** (Math.max(Math.floor(Math.log2(size)), -14) - 10);
  return sign * roundHalfEven(size / step) * step;
}

export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
