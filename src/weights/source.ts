/** What all byte sources share. The contract is `WeightSource` in types.ts: a read fills its target or throws. */
import { WeightsError } from "../errors.ts";
import { printable } from "../gguf/quote.ts";

/** Throws WeightsError unless bytes `offset` … `offset + length` lie in a shard of `size` bytes. */
export function checkRange(shard: string, offset: number, length: number, size: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && offset + length <= size) return;
  throw new WeightsError(`Cannot read ${printable(shard)}: bytes ${offset} to ${offset + length} were asked for, and it has ${size}`);
}
