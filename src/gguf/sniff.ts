/** What a file that is not GGUF seems to be: the message should name the mistake. */
import { quote } from "./quote.ts";

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** `head`: the first bytes (up to 64) of a file that does not begin with "GGUF". */
export function describeNonGguf(head: Uint8Array): string {
  const text = ascii(head);
  if (head.every((b) => b === 0)) return "it begins with zeros, like a download that was never filled";
  if (text.startsWith("version https://git-lfs"))
    return "it is a Git LFS pointer, not the weights themselves (fetch them with git lfs pull)";
  if (text.startsWith("PK\x03\x04")) return "it is a zip archive (a PyTorch checkpoint or an archive to unpack), not GGUF";
  if (text.startsWith("\x1f\x8b")) return "it is gzip-compressed; unpack it first";
  if (text.startsWith("(\xb5/\xfd")) return "it is zstd-compressed; unpack it first";
  if (["lmgg", "tjgg", "fmgg", "algg"].includes(text.slice(0, 4)))
    return "it is in a GGML format from before GGUF; convert the model again";
  if (text.slice(8, 9) === "{") return "it looks like safetensors, not GGUF; convert it with llama.cpp's convert_hf_to_gguf.py";
  if (head.every((b) => b === 9 || b === 10 || b === 13 || b >= 32))
    return `it looks like text (it begins with ${quote(text.slice(0, 24))}), not GGUF`;
  const hex = [...head.subarray(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join(" ");
  return `it is not GGUF: it begins with bytes ${hex} instead of "GGUF"`;
}
