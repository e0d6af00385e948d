import { EXP } from "./constants";

/**
 * exp(x) on four lanes, to about 1 ulp; 0 below −87, and 88 stands for everything above it. −∞ gives 0.
 *
 * Cody and Waite: x = n·ln 2 + r, |r| ≤ ln 2 / 2; the polynomial for exp(r) is Cephes' expf (Moshier). Only operations that
 * IEEE 754 defines to the bit, so that every engine gives the same result. Added to 1.5·2^23 a value is rounded to a whole number, which
 * then stands in the sum's low bits: no conversion is needed.
 */
export function exp4(x: v128): v128 {
  const lowest = v128.load32_splat(EXP, 4),
    magic = v128.load32_splat(EXP, 3 * 4),
    one = v128.load32_splat(EXP, 12 * 4);
  const v = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(EXP)), lowest);
  const whole = f32x4.add(f32x4.mul(v, v128.load32_splat(EXP, 2 * 4)), magic);
  const r = rest(v, f32x4.sub(whole, magic), v128.load32_splat(EXP, 4 * 4), v128.load32_splat(EXP, 5 * 4));
  let p = cubic(
    r,
    v128.load32_splat(EXP, 6 * 4),
    v128.load32_splat(EXP, 7 * 4),
    v128.load32_splat(EXP, 8 * 4),
    v128.load32_splat(EXP, 9 * 4),
  );
  p = expOf(r, p, v128.load32_splat(EXP, 10 * 4), v128.load32_splat(EXP, 11 * 4), one);
  return v128.andnot(timesPower(p, whole, v128.load32_splat(EXP, 13 * 4)), f32x4.lt(x, lowest));
}

/**
 * y[i] = exp(x[i] − shift) on n vectors, the same bits as exp4, but 0 where x is NaN. Two at a time, so that V8 can pair them, with the
 * constants loaded once.
 *
 * No x is above shift; y may be x.
 */
export function expVectors(y: usize, x: usize, n: usize, shift: v128): void {
  const lowest = v128.load32_splat(EXP, 4),
    perLn2 = v128.load32_splat(EXP, 2 * 4),
    magic = v128.load32_splat(EXP, 3 * 4),
    upper = v128.load32_splat(EXP, 4 * 4),
    lower = v128.load32_splat(EXP, 5 * 4),
    c0 = v128.load32_splat(EXP, 6 * 4),
    c1 = v128.load32_splat(EXP, 7 * 4),
    c2 = v128.load32_splat(EXP, 8 * 4),
    c3 = v128.load32_splat(EXP, 9 * 4),
    c4 = v128.load32_splat(EXP, 10 * 4),
    c5 = v128.load32_splat(EXP, 11 * 4),
    one = v128.load32_splat(EXP, 12 * 4),
    bias = v128.load32_splat(EXP, 13 * 4);
  for (; n >= 2; n -= 2, x += 32, y += 32) {
    const a = f32x4.sub(v128.load(x), shift),
      b = f32x4.sub(v128.load(x, 16), shift);
    const va = f32x4.pmax(a, lowest),
      vb = f32x4.pmax(b, lowest);
    const wholeA = f32x4.add(f32x4.mul(va, perLn2), magic),
      wholeB = f32x4.add(f32x4.mul(vb, perLn2), magic);
    const ra = rest(va, f32x4.sub(wholeA, magic), upper, lower),
      rb = rest(vb, f32x4.sub(wholeB, magic), upper, lower);
    const pa = expOf(ra, cubic(ra, c0, c1, c2, c3), c4, c5, one),
      pb = expOf(rb, cubic(rb, c0, c1, c2, c3), c4, c5, one);
    v128.store(y, v128.and(timesPower(pa, wholeA, bias), f32x4.ge(a, lowest)));
    v128.store(y, v128.and(timesPower(pb, wholeB, bias), f32x4.ge(b, lowest)), 16);
  }
  if (n > 0) {
    const a = f32x4.sub(v128.load(x), shift);
    v128.store(y, v128.and(exp4(a), f32x4.eq(a, a)));
  }
}

// Small enough that the compiler puts them where they are called.

/** v − n·ln 2 */
function rest(v: v128, n: v128, upper: v128, lower: v128): v128 {
  return f32x4.sub(f32x4.sub(v, f32x4.mul(n, upper)), f32x4.mul(n, lower));
}

function cubic(r: v128, c0: v128, c1: v128, c2: v128, c3: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(c0, r), c1), r), c2), r), c3);
}

/** exp(r), of the polynomial's upper half p. */
function expOf(r: v128, p: v128, c4: v128, c5: v128, one: v128): v128 {
  const q = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(p, r), c4), r), c5);
  return f32x4.add(f32x4.add(f32x4.mul(q, f32x4.mul(r, r)), r), one);
}

/** p · 2^whole */
function timesPower(p: v128, whole: v128, bias: v128): v128 {
  return f32x4.mul(p, i32x4.shl(i32x4.add(whole, bias), 23));
}

/** exp of one value, the same bits as a lane of exp4. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** 1 / (1 + exp(−x)) on four lanes. */
export function sigmoid4(x: v128): v128 {
  const one = v128.load32_splat(EXP, 12 * 4);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}
