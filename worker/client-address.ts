/** Whom an address stands for: who has one of IPv6 usually has 2⁶⁴ of them, so that limits go by the network. */

/** IPv4, also where it is written as IPv6; of IPv6 the first 64 bits. Anything else as it is. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [left, right] = address.split("%")[0]!.split("::"); // %: the interface of a local address
  const groups = (text = ""): string[] => (text === "" ? [] : text.split(":"));
  const zeros = right === undefined ? 0 : Math.max(0, 8 - groups(left).length - groups(right).length);
  const all = [...groups(left), ...Array<string>(zeros).fill("0"), ...groups(right)];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
