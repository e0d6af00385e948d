import { NIBBLE, NIBBLE16 } from "../constants";
import { loadF16x4, widenF16 } from "../f16";
import { first, firstWide, second, secondWide } from "../pairs";
import { BLOCK256, D256, SUMS32 } from "../quantizeRow";

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in Q4_K's octets (formats/q4_k.ts), x in rows of quantizeRow256.
 *
 * y: f32 rows, yStride bytes apart; x: activation rows, xStride bytes apart; w: the octet of output 0; cols a multiple of 256;
 * outputs from … to, multiples of 8. Per output the additions are two a super-block of 256 columns, in order, whatever the tile.
 */
export function matmulQ4_K(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 255) == 0, "matmulQ4_K: cols must be a multiple of 256");
  assert(((from | to) & 7) == 0, "matmulQ4_K: from and to must be multiples of 8");
  const bytes = (<usize>cols >> 8) * 1184;
  for (let octet = from; octet < to; octet += 8) {
    const weights = w + (<usize>octet >> 3) * bytes;
    const end = weights + bytes;
    let out = y + ((<usize>octet) << 2);
    let input = x;
    let left = nRows;
    for (; left >= 4; left -= 4) {
      tile<u32>(out, yStride, input, xStride, weights, end);
      out += yStride << 2;
      input += xStride << 2;
    }
    if (left >= 2) {
      tile<u16>(out, yStride, input, xStride, weights, end);
      out += yStride << 1;
      input += xStride << 1;
    }
    if (left & 1) tile<u8>(out, yStride, input, xStride, weights, end);
  }
}

/** 8 outputs × sizeof<T>() rows. Quad a is outputs 0–3, quad b 4–7: the same operations on both, so that V8 can pair them. */
function tile<T>(y: usize, yStride: usize, x0: usize, xStride: usize, w: usize, end: usize): void {
  let x1 = x0 + xStride;
  let x2 = x1 + xStride;
  let x3 = x2 + xStride;
  let a0 = f32x4.splat(0),
    b0 = a0,
    a1 = a0,
    b1 = a0,
    a2 = a0,
    b2 = a0,
    a3 = a0,
    b3 = a0;
  for (; w < end; w += 1184) {
    let ai0 = i32x4.splat(0),
      bi0 = ai0,
      ai1 = ai0,
      bi1 = ai0,
      ai2 = ai0,
      bi2 = ai0,
      ai3 = ai0,
      bi3 = ai0;
    if (ASC_FEATURE_RELAXED_SIMD) {
      const nibble = v128.load(NIBBLE);
      let value: v128;
      for (let g: usize = 0; g < 4; g++) {
        const p = w + (g << 8),
          o = g << 6;
        const as = v128.load8x8_u(w + (g << 4), 32),
          as0 = first(as),
          as1 = second(as);
        const bs = v128.load8x8_u(w + (g << 4), 40),
          bs0 = first(bs),
          bs1 = second(bs);
        if (sizeof<T>() == 1) {
          // Four sums: both nibbles of a byte in one turn.
          let la = i16x8.splat(0),
            lb = la,
            ha = la,
            hb = la;
          for (let c: usize = 0; c < 32; c += 8) {
            const v = p + (c << 3),
              x = x0 + o + c;
            const va0 = v128.load(v, 160),
              vb0 = v128.load(v, 176);
            value = v128.load32_splat(x);
            la = dot(la, value, v128.and(va0, nibble));
            lb = dot(lb, value, v128.and(vb0, nibble));
            value = v128.load32_splat(x, 32);
            ha = dot(ha, value, v128.and(i16x8.shr_u(va0, 4), nibble));
            hb = dot(hb, value, v128.and(i16x8.shr_u(vb0, 4), nibble));
            const va1 = v128.load(v, 192),
              vb1 = v128.load(v, 208);
            value = v128.load32_splat(x, 4);
            la = dot(la, value, v128.and(va1, nibble));
            lb = dot(lb, value, v128.and(vb1, nibble));
            value = v128.load32_splat(x, 36);
            ha = dot(ha, value, v128.and(i16x8.shr_u(va1, 4), nibble));
            hb = dot(hb, value, v128.and(i16x8.shr_u(vb1, 4), nibble));
          }
          ai0 = i32x4.add(ai0, i32x4.add(i32x4.dot_i16x8_s(la, as0), i32x4.dot_i16x8_s(ha, as1)));
          bi0 = i32x4.add(bi0, i32x4.add(i32x4.dot_i16x8_s(lb, bs0), i32x4.dot_i16x8_s(hb, bs1)));
          continue;
        }
        let sa0 = i16x8.splat(0),
          sb0 = sa0,
          sa1 = sa0,
          sb1 = sa0,
          sa2 = sa0,
          sb2 = sa0,
          sa3 = sa0,
          sb3 = sa0;
        for (let c: usize = 0; c < 32; c += 8) {
          const v = p + (c << 3),
            x = o + c;
          const wa0 = v128.and(v128.load(v, 160), nibble);
          const wb0 = v128.and(v128.load(v, 176), nibble);
          value = v128.load32_splat(x0 + x);
          sa0 = dot(sa0, value, wa0);
          sb0 = dot(sb0, value, wb0);
          value = v128.load32_splat(x1 + x);
          sa1 = dot(sa1, value, wa0);
          sb1 = dot(sb1, value, wb0);
          if (sizeof<T>() > 2) {
            value = v128.load32_splat(x2 + x);
            sa2 = dot(sa2, value, wa0);
            sb2 = dot(sb2, value, wb0);
            value = v128.load32_splat(x3 + x);
            sa3 = dot(sa3, value, wa0);
            sb3 = dot(sb3, value, wb0);
          }
          const wa1 = v128.and(v128.load(v, 192), nibble);
          const wb1 = v128.and(v128.load(v, 208), nibble);
          value = v128.load32_splat(x0 + x, 4);
          sa0 = dot(sa0, value, wa1);
          sb0 = dot(sb0, value, wb1);
          value = v128.load32_splat(x1 + x, 4);
          sa1 = dot(sa1, value, wa1);
          sb1 = dot(sb1, value, wb1);
          if (sizeof<T>() > 2) {
            value = v128.load32_splat(x2 + x, 4);
            sa2 = dot(sa2, value, wa1);
            sb2 = dot(sb2, value, wb1);
            value = v128.load32_splat(x3 + x, 4);
            sa3 = dot(sa3, value, wa1);
            sb3 = dot(sb3, value, wb1);
          }
        }
        ai0 = i32x4.add(ai0, i32x4.dot_i16x8_s(sa0, as0));
        bi0 = i32x4.add(bi0, i32x4.dot_i16x8_s(sb0, bs0));
        ai1 = i32x4.add(ai1, i32x4.dot_i16x8_s(sa1, as0));
        bi1 = i32x4.add(bi1, i32x4.dot_i16x8_s(sb1, bs0));
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, i32x4.dot_i16x8_s(sa2, as0));
          bi2 = i32x4.add(bi2, i32x4.dot_i16x8_s(sb2, bs0));
          ai3 = i32x4.add(ai3, i32x4.dot_i16x8_s(sa3, as0));
          bi3 = i32x4.add(bi3, i32x4.dot_i16x8_s(sb3, bs0));
        }
        sa0 = sb0 = sa1 = sb1 = sa2 = sb2 = sa3 = sb3 = i16x8.splat(0);
        for (let c: usize = 0; c < 32; c += 8) {
          const v = p + (c << 3),
            x = o + c;
          const wa0 = v128.and(i16x8.shr_u(v128.load(v, 160), 4), nibble);
          const wb0 = v128.and(i16x8.shr_u(v128.load(v, 176), 4), nibble);
          value = v128.load32_splat(x0 + x, 32);
          sa0 = dot(sa0, value, wa0);
          sb0 = dot(sb0, value, wb0);
          value = v128.load32_splat(x1 + x, 32);
          sa1 = dot(sa1, value, wa0);
          sb1 = dot(sb1, value, wb0);
          if (sizeof<T>() > 2) {
            value = v128.load32_splat(x2 + x, 32);
            sa2 = dot(sa2, value, wa0);
            sb2 = dot(sb2, value, wb0);
            value = v128.load32_splat(x3 + x, 32);
            sa3 = dot(sa3, value, wa0);
            sb3 = dot(sb3, value, wb0);
          }
          const wa1 = v128.and(i16x8.shr_u(v128.load(v, 192), 4), nibble);
          const wb1 = v128.and(i16x8.shr_u(v128.load(v, 208), 4), nibble);
          value = v128.load32_splat(x0 + x, 36);
          sa0 = dot(sa0, value, wa1);
          sb0 = dot(sb0, value, wb1);
          value = v128.load32_splat(x1 + x, 36);
          sa1 = dot(sa1, value, wa1);
          sb1 = dot(sb1, value, wb1);
          if (sizeof<T>() > 2) {
            value = v128.load32_splat(x2 + x, 36);
            sa2 = dot(sa2, value, wa1);
            sb2 = dot(sb2, value, wb1);
            value = v128.load32_splat(x3 + x, 36);
            sa3 = dot(sa3, value, wa1);
            sb3 = dot(sb3, value, wb1);
          }
        }
        ai0 = i32x4.add(ai0, i32x4.dot_i16x8_s(sa0, as1));
        bi0 = i32x4.add(bi0, i32x4.dot_i16x8_s(sb0, bs1));
        ai1 = i32x4.add(ai1, i32x4.dot_i16x8_s(sa1, as1));
        bi1 = i32x4.add(bi1, i32x4.dot_i16x8_s(sb1, bs1));
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, i32x4.dot_i16x8_s(sa2, as1));
          bi2 = i32x4.add(bi2, i32x4.dot_i16x8_s(sb2, bs1));
          ai3 = i32x4.add(ai3, i32x4.dot_i16x8_s(sa3, as1));
          bi3 = i32x4.add(bi3, i32x4.dot_i16x8_s(sb3, bs1));
        }
      }
    } else {
      const nibble = v128.load(NIBBLE16);
      for (let g: usize = 0; g < 4; g++) {
        const p = w + (g << 8),
          o = g << 7;
        const as = v128.load8x8_u(w + (g << 4), 32),
          as0 = firstWide(as),
          as1 = secondWide(as);
        const bs = v128.load8x8_u(w + (g << 4), 40),
          bs0 = firstWide(bs),
          bs1 = secondWide(bs);
        if (sizeof<T>() == 1) {
          // Room for a sum of each sub-block, and so for one product with its scale.
          let al = i32x4.splat(0),
            ah = al,
            bl = al,
            bh = al;
          for (let c: usize = 0; c < 64; c += 8) {
            const x = x0 + o + c;
            const a = v128.load(p + (c << 2), 160);
            al = i32x4.add(al, wideDots(x, v128.and(a, nibble), v128.and(i16x8.shr_u(a, 8), nibble)));
            ah = i32x4.add(ah, wideDots(x + 64, v128.and(i16x8.shr_u(a, 4), nibble), i16x8.shr_u(a, 12)));
            const b = v128.load(p + (c << 2), 176);
            bl = i32x4.add(bl, wideDots(x, v128.and(b, nibble), v128.and(i16x8.shr_u(b, 8), nibble)));
            bh = i32x4.add(bh, wideDots(x + 64, v128.and(i16x8.shr_u(b, 4), nibble), i16x8.shr_u(b, 12)));
          }
          ai0 = i32x4.add(ai0, i32x4.add(i32x4.mul(al, as0), i32x4.mul(ah, as1)));
          bi0 = i32x4.add(bi0, i32x4.add(i32x4.mul(bl, bs0), i32x4.mul(bh, bs1)));
          continue;
        }
        let sa0 = i32x4.splat(0),
          sb0 = sa0,
          sa1 = sa0,
          sb1 = sa0,
          sa2 = sa0,
          sb2 = sa0,
          sa3 = sa0,
          sb3 = sa0;
        for (let c: usize = 0; c < 64; c += 8) {
          const a = v128.load(p + (c << 2), 160),
            ae = v128.and(a, nibble),
            ao = v128.and(i16x8.shr_u(a, 8), nibble);
          const b = v128.load(p + (c << 2), 176),
            be = v128.and(b, nibble),
            bo = v128.and(i16x8.shr_u(b, 8), nibble);
          sa0 = i32x4.add(sa0, wideDots(x0 + o + c, ae, ao));
          sb0 = i32x4.add(sb0, wideDots(x0 + o + c, be, bo));
          sa1 = i32x4.add(sa1, wideDots(x1 + o + c, ae, ao));
          sb1 = i32x4.add(sb1, wideDots(x1 + o + c, be, bo));
          if (sizeof<T>() > 2) {
            sa2 = i32x4.add(sa2, wideDots(x2 + o + c, ae, ao));
            sb2 = i32x4.add(sb2, wideDots(x2 + o + c, be, bo));
            sa3 = i32x4.add(sa3, wideDots(x3 + o + c, ae, ao));
            sb3 = i32x4.add(sb3, wideDots(x3 + o + c, be, bo));
          }
        }
        ai0 = i32x4.add(ai0, i32x4.mul(sa0, as0));
        bi0 = i32x4.add(bi0, i32x4.mul(sb0, bs0));
        ai1 = i32x4.add(ai1, i32x4.mul(sa1, as0));
        bi1 = i32x4.add(bi1, i32x4.mul(sb1, bs0));
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, i32x4.mul(sa2, as0));
          bi2 = i32x4.add(bi2, i32x4.mul(sb2, bs0));
          ai3 = i32x4.add(ai3, i32x4.mul(sa3, as0));
          bi3 = i32x4.add(bi3, i32x4.mul(sb3, bs0));
        }
        sa0 = sb0 = sa1 = sb1 = sa2 = sb2 = sa3 = sb3 = i32x4.splat(0);
        for (let c: usize = 0; c < 64; c += 8) {
          const a = v128.load(p + (c << 2), 160),
            ae = v128.and(i16x8.shr_u(a, 4), nibble),
            ao = i16x8.shr_u(a, 12);
          const b = v128.load(p + (c << 2), 176),
            be = v128.and(i16x8.shr_u(b, 4), nibble),
            bo = i16x8.shr_u(b, 12);
          sa0 = i32x4.add(sa0, wideDots(x0 + o + c + 64, ae, ao));
          sb0 = i32x4.add(sb0, wideDots(x0 + o + c + 64, be, bo));
          sa1 = i32x4.add(sa1, wideDots(x1 + o + c + 64, ae, ao));
          sb1 = i32x4.add(sb1, wideDots(x1 + o + c + 64, be, bo));
          if (sizeof<T>() > 2) {
            sa2 = i32x4.add(sa2, wideDots(x2 + o + c + 64, ae, ao));
            sb2 = i32x4.add(sb2, wideDots(x2 + o + c + 64, be, bo));
            sa3 = i32x4.add(sa3, wideDots(x3 + o + c + 64, ae, ao));
            sb3 = i32x4.add(sb3, wideDots(x3 + o + c + 64, be, bo));
          }
        }
        ai0 = i32x4.add(ai0, i32x4.mul(sa0, as1));
        bi0 = i32x4.add(bi0, i32x4.mul(sb0, bs1));
        ai1 = i32x4.add(ai1, i32x4.mul(sa1, as1));
        bi1 = i32x4.add(bi1, i32x4.mul(sb1, bs1));
        if (sizeof<T>() > 2) {
          ai2 = i32x4.add(ai2, i32x4.mul(sa2, as1));
          bi2 = i32x4.add(bi2, i32x4.mul(sb2, bs1));
          ai3 = i32x4.add(ai3, i32x4.mul(sa3, as1));
          bi3 = i32x4.add(bi3, i32x4.mul(sb3, bs1));
        }
      }
    }
    const ad = loadF16x4(w),
      bd = widenF16(v128.load16x4_s(w, 8)),
      am = widenF16(v128.load16x4_s(w, 16)),
      bm = widenF16(v128.load16x4_s(w, 24));
    a0 = block(a0, ai0, ad, am, w + 96, x0);
    if (sizeof<T>() > 1) a1 = block(a1, ai1, ad, am, w + 96, x1);
    if (sizeof<T>() > 2) {
      a2 = block(a2, ai2, ad, am, w + 96, x2);
      a3 = block(a3, ai3, ad, am, w + 96, x3);
    }
    b0 = block(b0, bi0, bd, bm, w + 104, x0);
    if (sizeof<T>() > 1) b1 = block(b1, bi1, bd, bm, w + 104, x1);
    if (sizeof<T>() > 2) {
      b2 = block(b2, bi2, bd, bm, w + 104, x2);
      b3 = block(b3, bi3, bd, bm, w + 104, x3);
    }
    x0 += BLOCK256;
    if (sizeof<T>() > 1) x1 += BLOCK256;
    if (sizeof<T>() > 2) {
      x2 += BLOCK256;
      x3 += BLOCK256;
    }
  }
  v128.store(y, a0);
  v128.store(y, b0, 16);
  if (sizeof<T>() > 1) {
    v128.store(y + yStride, a1);
    v128.store(y + yStride, b1, 16);
  }
  if (sizeof<T>() > 2) {
    v128.store(y + yStride * 2, a2);
    v128.store(y + yStride * 2, b2, 16);
    v128.store(y + yStride * 3, a3);
    v128.store(y + yStride * 3, b3, 16);
  }
}

/** acc + x · w in i16: the 8 of a sub-block add at most 8 · 2 · 127 · 15. */
function dot(acc: v128, x: v128, w: v128): v128 {
  return i16x8.add(acc, v128.relaxed_dot<i16>(x, w));
}

/** One chunk of four columns against i16 activations. */
function wideDots(x: usize, even: v128, odd: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(v128.load32_splat(x), even), i32x4.dot_i16x8_s(v128.load32_splat(x, 4), odd));
}

/** Σ over the eight sub-blocks of m · Σx. */
function minimums(mins: usize, x: usize): v128 {
  let sum = i32x4.dot_i16x8_s(v128.load8x8_u(mins), v128.load32_splat(x, SUMS32));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_u(mins, 16), v128.load32_splat(x, SUMS32 + 4)));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_u(mins, 32), v128.load32_splat(x, SUMS32 + 8)));
  return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load8x8_u(mins, 48), v128.load32_splat(x, SUMS32 + 12)));
}

/** acc + (d_w · d_x) · Σ scale·q·x − (dmin_w · d_x) · Σ m·Σx */
function block(acc: v128, dot: v128, d: v128, dmin: v128, mins: usize, x: usize): v128 {
  const dx = v128.load32_splat(x, D256);
  acc = f32x4.add(acc, f32x4.mul(f32x4.mul(d, dx), f32x4.convert_i32x4_s(dot)));
  return f32x4.sub(acc, f32x4.mul(f32x4.mul(dmin, dx), f32x4.convert_i32x4_s(minimums(mins, x))));
}
