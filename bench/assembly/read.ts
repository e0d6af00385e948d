/**
 * Reads memory and does nothing else: the yardstick for decode. In four places at once, as one gives a thread less (assembly/streams.ts); into
 * eight sums, so that no addition waits for another, over neighbours, so that V8 can pair them.
 *
 * y: 16 bytes for the sum, without which the loads would be left out; x: bytes, a multiple of 512.
 */
export function read(y: usize, x: usize, bytes: usize): void {
  const apart = bytes >> 2;
  let x1 = x + apart,
    x2 = x1 + apart,
    x3 = x2 + apart;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (const end = x1; x < end; ) {
    s0 = i32x4.add(s0, v128.load(x));
    s1 = i32x4.add(s1, v128.load(x, 16));
    s2 = i32x4.add(s2, v128.load(x1));
    s3 = i32x4.add(s3, v128.load(x1, 16));
    s4 = i32x4.add(s4, v128.load(x2));
    s5 = i32x4.add(s5, v128.load(x2, 16));
    s6 = i32x4.add(s6, v128.load(x3));
    s7 = i32x4.add(s7, v128.load(x3, 16));
    s0 = i32x4.add(s0, v128.load(x, 32));
    s1 = i32x4.add(s1, v128.load(x, 48));
    s2 = i32x4.add(s2, v128.load(x1, 32));
    s3 = i32x4.add(s3, v128.load(x1, 48));
    s4 = i32x4.add(s4, v128.load(x2, 32));
    s5 = i32x4.add(s5, v128.load(x2, 48));
    s6 = i32x4.add(s6, v128.load(x3, 32));
    s7 = i32x4.add(s7, v128.load(x3, 48));
    x += 64;
    x1 += 64;
    x2 += 64;
    x3 += 64;
  }
  v128.store(y, i32x4.add(i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3)), i32x4.add(i32x4.add(s4, s5), i32x4.add(s6, s7))));
}
