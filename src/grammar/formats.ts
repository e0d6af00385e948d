/** `format` of strings: those that can be held to exactly, or (email, hostname, uri) to a part that every reader of theirs takes. */
import type { Machine } from "./machine.ts";
import { Intersection, Length, Trimmed } from "./machines.ts";
import { RegularMachine } from "./nfa.ts";
import { parseRegex } from "./regex.ts";

const LEAP_YEAR = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
const DATE = `(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))|${LEAP_YEAR}-02-29)`;
const TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,20})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const LABEL = "[a-zA-Z0-9]{1,20}(?:-[a-zA-Z0-9]{1,20}){0,2}"; // "--" stands in encoded names, whose code would have to be right
const HOSTNAME = `${LABEL}(?:\\.${LABEL})*`;
const H16 = "[\\da-fA-F]{1,4}";
const IPV6 = [
  `(?:${H16}:){7}${H16}`,
  ...Array.from({ length: 7 }, (_, left) => {
    const before = left === 0 ? "" : `${H16}(?::${H16}){${left - 1}}`;
    return `${before}::(?:${H16}(?::${H16}){0,${6 - left}})?`;
  }).map((form) => form.replace("{0,0}", "{0}")),
  `(?:${H16}:){7}:`,
].join("|");
const SEGMENT = "(?:[a-zA-Z0-9._~!$&'()*+,;=:@-]|%[\\da-fA-F]{2})";

const ATOM = "[a-zA-Z0-9!#$%&*+/=?^_`{|}~'-]";
const DAYS = "\\d{1,9}D|\\d{1,9}M(?:\\d{1,9}D)?|\\d{1,9}Y(?:\\d{1,9}M(?:\\d{1,9}D)?)?";
const CLOCK = "T(?:\\d{1,9}H(?:\\d{1,9}M(?:\\d{1,9}S)?)?|\\d{1,9}M(?:\\d{1,9}S)?|\\d{1,9}S)";

const PATTERNS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  "date-time": `${DATE}T${TIME}`,
  duration: `P(?:\\d{1,9}W|(?:${DAYS})(?:${CLOCK})?|${CLOCK})`,
  uuid: "[\\da-fA-F]{8}(?:-[\\da-fA-F]{4}){3}-[\\da-fA-F]{12}",
  email: `${ATOM}{1,20}(?:\\.${ATOM}{1,20}){0,2}@${LABEL}(?:\\.${LABEL}){1,5}`,
  hostname: HOSTNAME,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: `[a-zA-Z][a-zA-Z0-9+.-]{0,20}:(?://${HOSTNAME}(?::\\d{1,5})?(?:/${SEGMENT}*)*|/?${SEGMENT}+(?:/${SEGMENT}*)*)(?:\\?(?:${SEGMENT}|[/?])*)?(?:#(?:${SEGMENT}|[/?])*)?`,
};

export const FORMATS: ReadonlySet<string> = new Set(Object.keys(PATTERNS));

const made = new Map<string, Machine>();

const bounded = (format: string, machine: Machine): Machine =>
  format === "hostname" ? new Trimmed(new Intersection([machine, new Length(1, 253)])) : machine;

/** The texts of a format, one of FORMATS. */
export function formatMachine(format: string): Machine {
  let machine = made.get(format);
  if (!machine) made.set(format, (machine = bounded(format, new RegularMachine(parseRegex(PATTERNS[format]!)))));
  return machine;
}
