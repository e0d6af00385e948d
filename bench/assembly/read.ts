/**
 * Reads memory and does nothing else: the yardstick for decode. Eight sums, so that no addition waits for another, over neighbours, so that V8
 * can pair them.
 *
 * y: 16 bytes for the sum, without which the loads would be left out; x: bytes, a multiple of 256.
 */
export function read(y: usize, x: usize, bytes: usize): void {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (const end = x + bytes; x < end; x += 256) {
    s0 = i32x4.add(s0, v128.load(x));
    s1 = i32x4.add(s1, v128.load(x, 16));
    s2 = i32x4.add(s2, v128.load(x, 32));
    s3 = i32x4.add(s3, v128.load(x, 48));
    s4 = i32x4.add(s4, v128.load(x, 64));
    s5 = i32x4.add(s5, v128.load(x, 80));
    s6 = i32x4.add(s6, v128.load(x, 96));
    s7 = i32x4.add(s7, v128.load(x, 112));
    s0 = i32x4.add(s0, v128.load(x, 128));
    s1 = i32x4.add(s1, v128.load(x, 144));
    s2 = i32x4.add(s2, v128.load(x, 160));
    s3 = i32x4.add(s3, v128.load(x, 176));
    s4 = i32x4.add(s4, v128.load(x, 192));
    s5 = i32x4.add(s5, v128.load(x, 208));
    s6 = i32x4.add(s6, v128.load(x, 224));
    s7 = i32x4.add(s7, v128.load(x, 240));
  }
  v128.store(y, i32x4.add(i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3)), i32x4.add(i32x4.add(s4, s5), i32x4.add(s6, s7))));
}
