/** Finds control and user-defined tokens in text: at the earliest position, and there the longest. */

interface Node {
  readonly next: Map<number, Node>; // by UTF-16 unit
  id: number | undefined;
}

/** A trie, because hundreds of tokens share their first characters and the text may be hostile: a step per character, no backtracking over the list. */
export class SpecialTokens {
  readonly #root: Node = { next: new Map(), id: undefined };

  add(text: string, id: number): void {
    let node = this.#root;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let child = node.next.get(unit);
      if (child === undefined) {
        child = { next: new Map(), id: undefined };
        node.next.set(unit, child);
      }
      node = child;
    }
    node.id = id;
  }

  /** The text in order: a number is a special token's id, a string the (never empty) text between. */
  split(text: string): (number | string)[] {
    const pieces: (number | string)[] = [];
    let start = 0;
    for (let i = 0; i < text.length; ) {
      let id: number | undefined;
      let end = i;
      let node = this.#root.next.get(text.charCodeAt(i));
      for (let j = i + 1; node !== undefined; j++) {
        if (node.id !== undefined) {
          id = node.id;
          end = j;
        }
        node = j < text.length ? node.next.get(text.charCodeAt(j)) : undefined;
      }
      if (id === undefined) {
        i++;
        continue;
      }
      if (i > start) pieces.push(text.slice(start, i));
      pieces.push(id);
      start = i = end;
    }
    if (start < text.length) pieces.push(text.slice(start));
    return pieces;
  }
}
