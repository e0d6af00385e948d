/**
 * A vocabulary as a trie in flat arrays, nodes in depth-first order:
 *
 *   node       0   1   2   3   …      0 is the root
 *   byte       -   a   b   c          of the edge to it
 *   end        …                      the node behind its last descendant
 *   tokens from[node] … from[node] + own[node] end here, … from[end[node]] here or below
 */

/** Printable ASCII that no string syntax and no sentinel gives a meaning: what most tokens consist of. */
export const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && !`"'\\<`.includes(String.fromCharCode(byte));

const HIGH = 255;

export class TokenTrie {
  readonly size: number; // of the vocabulary
  readonly byte: Uint8Array;
  readonly depth: Uint16Array;
  readonly end: Int32Array;
  readonly from: Int32Array; // [nodes + 1]
  readonly own: Uint16Array;
  readonly plainHeight: Uint8Array; // how deep it goes on below, if with plain bytes only; else 255
  readonly tokens: Int32Array; // ids in the order of their bytes

  /** @param bytesOf A token's bytes; undefined or empty for one that is no text. */
  constructor(size: number, bytesOf: (id: number) => Uint8Array | undefined) {
    this.size = size;
    const entries: { key: string; id: number }[] = [];
    let capacity = 1;
    for (let id = 0; id < size; id++) {
      const bytes = bytesOf(id);
      if (!bytes || bytes.length === 0) continue;
      let key = "";
      for (const byte of bytes) key += String.fromCharCode(byte);
      entries.push({ key, id });
      capacity += bytes.length;
    }
    entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));
    this.tokens = Int32Array.from(entries, ({ id }) => id);

    const [byte, depth, end, from] = [
      new Uint8Array(capacity),
      new Uint16Array(capacity),
      new Int32Array(capacity),
      new Int32Array(capacity + 1),
    ];
    const own = new Uint16Array(capacity);
    const path = [0]; // nodes of the last text
    let nodes = 1;
    let last = "";
    for (const [at, { key }] of entries.entries()) {
      let shared = 0;
      while (shared < last.length && shared < key.length && last.charCodeAt(shared) === key.charCodeAt(shared)) shared++;
      while (path.length > shared + 1) end[path.pop()!] = nodes;
      for (let i = shared; i < key.length; i++) {
        byte[nodes] = key.charCodeAt(i);
        depth[nodes] = i + 1;
        from[nodes] = at;
        path.push(nodes++);
      }
      own[path.at(-1)!]!++;
      last = key;
    }
    for (const node of path) end[node] = nodes;
    from[nodes] = entries.length;
    this.byte = byte.slice(0, nodes);
    this.depth = depth.slice(0, nodes);
    this.end = end.slice(0, nodes);
    this.from = from.slice(0, nodes + 1);
    this.own = own.slice(0, nodes);
    this.plainHeight = this.#plainHeights();
  }

  #plainHeights(): Uint8Array {
    const heights = new Uint8Array(this.byte.length);
    const parents: number[] = [];
    for (let node = 0; node < heights.length; node++) {
      parents.length = this.depth[node]!;
      parents.push(node);
      for (let i = 0; i + 1 < parents.length; i++) {
        const [parent, height] = [parents[i]!, this.depth[node]! - i];
        if (!isPlain(this.byte[node]!)) heights[parent] = HIGH;
        else if (height > heights[parent]!) heights[parent] = Math.min(height, HIGH);
      }
    }
    return heights;
  }
}
