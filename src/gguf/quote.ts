const LONGEST = 80;

/** The name of a file, for a message: on one line, whatever it holds. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text from inside a file, for a message: in quotes, on one line, cut where it is long. */
export function quote(text: string): string {
  return printable(JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text));
}
