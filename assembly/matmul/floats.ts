import { loadF16x4 } from "../f16";
import { storeOctet, streamOutputs } from "../streams";

/** Tags for product and tile. */
type F32 = f32;
type F16 = u16;
type BF16 = u8;

/**
 * y[r][o] = Σ_k W[o][k] · x[r][k], W in octets of floats (formats/floats.ts), x: f32 rows.
 *
 * y: f32 rows, yStride bytes apart; x: xStride bytes apart; w: the octet of output 0; cols a multiple of 4; outputs from … to, multiples
 * of 8. Four products are added in pairs, then to the sum, whatever the tile.
 */
export function matmulF32(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 3) == 0, "matmulF32: cols must be a multiple of 4");
  assert(((from | to) & 7) == 0, "matmulF32: from and to must be multiples of 8");
  product<F32>(y, yStride, x, xStride, w, <usize>cols * 32, from, to, nRows);
}

/** The same with F16 weights. */
export function matmulF16(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 3) == 0, "matmulF16: cols must be a multiple of 4");
  assert(((from | to) & 7) == 0, "matmulF16: from and to must be multiples of 8");
  product<F16>(y, yStride, x, xStride, w, <usize>cols * 16, from, to, nRows);
}

/** The same with BF16 weights. */
export function matmulBF16(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, cols: i32, from: i32, to: i32, nRows: i32): void {
  assert((cols & 3) == 0, "matmulBF16: cols must be a multiple of 4");
  assert(((from | to) & 7) == 0, "matmulBF16: from and to must be multiples of 8");
  product<BF16>(y, yStride, x, xStride, w, <usize>cols * 16, from, to, nRows);
}

/** `bytes`: of an octet. */
function product<F>(y: usize, yStride: usize, x: usize, xStride: usize, w: usize, bytes: usize, from: i32, to: i32, nRows: i32): void {
  if (nRows == 1) {
    const outputs = streamOutputs(from, to);
    for (const end = from + outputs; from < end; from += 8)
      streams<F>(y + ((<usize>from) << 2), x, w + (<usize>from >> 3) * bytes, bytes, outputs);
    from += 3 * outputs;
  }
  for (let octet = from; octet < to; octet += 8) {
    const weights = w + (<usize>octet >> 3) * bytes;
    const end = weights + bytes;
    let out = y + ((<usize>octet) << 2);
    let input = x;
    let left = nRows;
    for (; left >= 4; left -= 4, out += yStride << 2, input += xStride << 2) tile<u32, F>(out, yStride, input, xStride, weights, end);
    if (left >= 2) {
      tile<u16, F>(out, yStride, input, xStride, weights, end);
      out += yStride << 1;
      input += xStride << 1;
    }
    if (left & 1) tile<u8, F>(out, yStride, input, xStride, weights, end);
  }
}

/** One row × an octet of each of four streams, whose outputs are so many; see streams.ts. bytes: of an octet; y, w0: the first stream's. */
function streams<F>(y: usize, x: usize, w0: usize, bytes: usize, outputs: usize): void {
  const apart = (outputs >> 3) * bytes,
    end = w0 + bytes;
  const column: usize = sizeof<F>() == 4 ? 32 : 16;
  let w1 = w0 + apart,
    w2 = w1 + apart,
    w3 = w2 + apart;
  let a0 = f32x4.splat(0),
    b0 = a0,
    a1 = a0,
    b1 = a0,
    a2 = a0,
    b2 = a0,
    a3 = a0,
    b3 = a0;
  for (; w0 < end; x += 16) {
    a0 = f32x4.add(a0, columns<F>(x, w0));
    b0 = f32x4.add(b0, columns<F>(x, w0 + column / 2));
    a1 = f32x4.add(a1, columns<F>(x, w1));
    b1 = f32x4.add(b1, columns<F>(x, w1 + column / 2));
    a2 = f32x4.add(a2, columns<F>(x, w2));
    b2 = f32x4.add(b2, columns<F>(x, w2 + column / 2));
    a3 = f32x4.add(a3, columns<F>(x, w3));
    b3 = f32x4.add(b3, columns<F>(x, w3 + column / 2));
    w0 += column * 4;
    w1 += column * 4;
    w2 += column * 4;
    w3 += column * 4;
  }
  y = storeOctet(y, a0, b0, outputs);
  y = storeOctet(y, a1, b1, outputs);
  y = storeOctet(y, a2, b2, outputs);
  storeOctet(y, a3, b3, outputs);
}

/** Four columns of four outputs. */
function columns<F>(x: usize, w: usize): v128 {
  const column: usize = sizeof<F>() == 4 ? 32 : 16;
  return dots(x, quad<F>(w), quad<F>(w + column), quad<F>(w + column * 2), quad<F>(w + column * 3));
}

/** 8 outputs × sizeof<T>() rows. Quad a is outputs 0–3, quad b 4–7: the same operations on both, so that V8 can pair them. */
function tile<T, F>(y: usize, yStride: usize, x0: usize, xStride: usize, w: usize, end: usize): void {
  const column: usize = sizeof<F>() == 4 ? 32 : 16;
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
  for (; w < end; w += column * 4) {
    const aw0 = quad<F>(w),
      aw1 = quad<F>(w + column * 1),
      aw2 = quad<F>(w + column * 2),
      aw3 = quad<F>(w + column * 3);
    a0 = f32x4.add(a0, dots(x0, aw0, aw1, aw2, aw3));
    if (sizeof<T>() > 1) a1 = f32x4.add(a1, dots(x1, aw0, aw1, aw2, aw3));
    if (sizeof<T>() > 2) {
      a2 = f32x4.add(a2, dots(x2, aw0, aw1, aw2, aw3));
      a3 = f32x4.add(a3, dots(x3, aw0, aw1, aw2, aw3));
    }
    const bw0 = quad<F>(w + column / 2),
      bw1 = quad<F>(w + column * 1 + column / 2),
      bw2 = quad<F>(w + column * 2 + column / 2),
      bw3 = quad<F>(w + column * 3 + column / 2);
    b0 = f32x4.add(b0, dots(x0, bw0, bw1, bw2, bw3));
    if (sizeof<T>() > 1) b1 = f32x4.add(b1, dots(x1, bw0, bw1, bw2, bw3));
    if (sizeof<T>() > 2) {
      b2 = f32x4.add(b2, dots(x2, bw0, bw1, bw2, bw3));
      b3 = f32x4.add(b3, dots(x3, bw0, bw1, bw2, bw3));
    }
    x0 += 16;
    if (sizeof<T>() > 1) x1 += 16;
    if (sizeof<T>() > 2) {
      x2 += 16;
      x3 += 16;
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

/** One column of four outputs. */
function quad<F>(p: usize): v128 {
  if (sizeof<F>() == 4) return v128.load(p);
  if (sizeof<F>() == 2) return loadF16x4(p);
  return i32x4.shl(v128.load16x4_u(p), 16);
}

function dots(x: usize, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  return f32x4.add(
    f32x4.add(f32x4.mul(v128.load32_splat(x), w0), f32x4.mul(v128.load32_splat(x, 4), w1)),
    f32x4.add(f32x4.mul(v128.load32_splat(x, 8), w2), f32x4.mul(v128.load32_splat(x, 12), w3)),
  );
}
