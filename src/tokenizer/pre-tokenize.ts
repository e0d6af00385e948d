/**
 * Where text may be cut before byte-pair merging: the Llama 3 expression, which llama.cpp selects for "lfm2" (src/llama-vocab.cpp).
 * Alternatives are tried left to right. Two things are spelled out: `(?i:…)`, which older engines lack, and white space as
 * Unicode's White_Space, because JavaScript's \s has U+FEFF and lacks U+0085.
 */
const pattern = new RegExp(
  [
    "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]",
    "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
    "\\p{N}{1,3}",
    " ?[^\\p{White_Space}\\p{L}\\p{N}]+[\\r\\n]*",
    "\\p{White_Space}*[\\r\\n]+",
    "\\p{White_Space}+(?!\\P{White_Space})",
    "\\p{White_Space}+",
  ].join("|"),
  "gu",
);

/** Cuts text into pre-tokens; joined they are the text again. */
export function preTokenize(text: string): string[] {
  return text.match(pattern) ?? [];
}
