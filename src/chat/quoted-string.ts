/**
 * Strings in calls. The templates of these models show strings without escapes, so the models write them so, and an apostrophe may stand
 * inside a single-quoted string. It is told from the closing quote by what follows.
 */

const ESCAPES = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["b", "\b"],
  ["f", "\f"],
  ["/", "/"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["\n", ""],
]);
const CODE = /x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(0[\da-fA-F]{7})/y;

/** Where a string stands: an argument of a call, an item, a mapping's key or value. */
export type Place = "argument" | "list" | "tuple" | "set" | "key" | "value";
/** What follows a closing quote, by where the string stands. */
const FOLLOWS: Readonly<Record<Place, RegExp>> = {
  argument: /\s*(?:,\s*(?:[\p{L}_$][\p{L}\p{N}_$-]*\s*=|\*\*|\))|\)\s*(?:[,\]]|$))/uy,
  list: /\s*[,\]]/y,
  tuple: /\s*[,)]/y,
  set: /\s*[,}]/y,
  key: /\s*:/y,
  value: /\s*(?:\}|,\s*(?:["'}]|[+-]?\d))/y,
};
/** What stands before an opening quote there. */
const PRECEDES: Readonly<Record<Place, RegExp>> = {
  argument: /[\p{L}\p{N}_$-]\s*=\s*$/u,
  list: /[,[]\s*$/,
  tuple: /[,(]\s*$/,
  set: /[,{]\s*$/,
  key: /[,{]\s*$/,
  value: /[:,]\s*$/,
};

/**
 * Reads the string that starts at `at`. A quote closes it if what follows can follow a value in this place; otherwise it is text.
 *
 * @param raw A backslash is a character like any other.
 * @returns Undefined: no quote closes it, or an inner quote looks like the opening of another value (`a='it's, b='x'`), so that the
 * string would have swallowed its neighbours. Inside of brackets that close again (`a='print(f(x, b='y'))'`) it is text.
 */
export function readQuoted(text: string, at: number, place: Place, raw = false): { value: string; end: number } | undefined {
  const quote = text.charAt(at);
  const fence = quote.repeat(3);
  const decode = raw ? (written: string): string => written : unescape;
  if (text.startsWith(fence, at)) {
    const end = text.indexOf(fence, at + 3);
    if (end !== -1) return { value: decode(text.slice(at + 3, end)), end: end + 3 };
  }
  const start = at + 1;
  let open = 0; // brackets inside the string
  let suspicious = false;
  for (let i = start; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === "\\") i++;
    else if ("([{".includes(char)) open++;
    else if (")]}".includes(char)) open--;
    else if (char === quote) {
      const follows = FOLLOWS[place];
      follows.lastIndex = i + 1;
      if (follows.test(text)) return suspicious && open !== 0 ? undefined : { value: decode(text.slice(start, i)), end: i + 1 };
      if (!PRECEDES[place].test(text.slice(Math.max(start, i - LOOK_BACK), i))) continue;
      if (open <= 0) return undefined;
      suspicious = true;
    }
  }
  return undefined;
}

/** Characters before a quote that are looked at: an argument's name and some white space. */
const LOOK_BACK = 80;

/** Python's escapes, and JSON's; an unknown one stays as it is. */
function unescape(raw: string): string {
  if (!raw.includes("\\")) return raw;
  let text = "";
  for (let i = 0; i < raw.length; i++) {
    const char = raw.charAt(i);
    if (char !== "\\") {
      text += char;
      continue;
    }
    const escaped = raw.charAt(++i);
    CODE.lastIndex = i;
    const code = CODE.exec(raw);
    const point = code === null ? Number.NaN : Number.parseInt(code[1] ?? code[2] ?? code[3] ?? "", 16);
    if (code !== null && point <= 0x10ffff) {
      text += String.fromCodePoint(point);
      i += code[0].length - 1;
    } else text += ESCAPES.get(escaped) ?? `\\${escaped}`;
  }
  return text;
}
