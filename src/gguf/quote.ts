const LONGEST = 80;

/** The name of a file, for a message: on one line, whatever it holds. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text from inside a file, for a message: in quotes, on one line, cut where it is long; escapes count as they are printed. */
export function quote(text: string): string {
  const quoted = printable(JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text));
  return quoted.length <= 2 * LONGEST ? quoted : `${quoted.slice(0, 2 * LONGEST)}…"`;
}
