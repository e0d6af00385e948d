/**
 * Masks of automaton states over a vocabulary. What a machine's state allows does not depend on what is below it, but for tokens that leave
 * the machine: so that part is made once for a state of a machine, wherever it stands, and the leaving tokens are followed on the real stack.
 */
import { UnsupportedError } from "../errors.ts";
import type { Automaton, State } from "./automaton.ts";
import { MAX_MASK_BYTES, MAX_MASK_WORK } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { TokenMask } from "./token-mask.ts";
import { isPlain, type TokenTrie } from "./token-trie.ts";

/** Tokens from a machine's state on. */
interface Local {
  readonly mask: TokenMask; // that end in it
  readonly exits: Int32Array; // nodes of the trie where it is complete
}

const PLAIN = Array.from({ length: 256 }, (_, byte) => byte).filter(isPlain);
/** Longer runs of plain bytes are looked at byte by byte. */
const MAX_RUN = 64;

export class TokenMasks {
  readonly #trie: TokenTrie;
  readonly #bits: Uint32Array;
  readonly #path: Int32Array; // states by depth
  #locals = new WeakMap<Machine, Map<number | string, Local>>(); // by kinds of states
  readonly #plainNext = new WeakMap<Machine, Map<number, number>>();
  #bytes = 0;
  #made: State[] = []; // states whose masks count in #bytes

  constructor(trie: TokenTrie) {
    this.#trie = trie;
    this.#bits = new Uint32Array(Math.ceil(trie.size / 32));
    this.#path = new Int32Array(trie.depth.reduce((a, b) => Math.max(a, b), 0) + 1);
  }

  /** @throws {UnsupportedError} The grammar is too ambiguous or complex. */
  of(automaton: Automaton, state: State): TokenMask {
    return (state.mask ??= this.#make(automaton, state));
  }

  #make(automaton: Automaton, state: State): TokenMask {
    const budget = automaton.work + MAX_MASK_WORK;
    const locals = state.readings.map(({ machine, state: at, below }) => ({ ...this.#local(machine, at), below }));
    const bits = this.#bits.fill(0);
    for (const { mask } of locals) mask.addTo(bits);
    for (const { exits, below } of locals) {
      if (exits.length === 0) continue;
      const next = automaton.after(below);
      if (next.readings.length === 0) continue;
      for (let i = 0; i < exits.length; i++)
        if (this.#trie.end[exits[i]!]! > exits[i]! + 1) this.#follow(automaton, next, exits[i]!, budget);
    }
    const mask = TokenMask.of(bits);
    this.#made.push(state);
    this.#remember(mask.bytes);
    return mask;
  }

  /** Allows the tokens below a node of the trie that the automaton takes from a state on. */
  #follow(automaton: Automaton, from: State, root: number, budget: number): void {
    const { byte, depth, end } = this.#trie;
    const path = [from]; // by depth below the root
    const top = depth[root]! + 1;
    for (let node = root + 1; node < end[root]!; ) {
      const next = automaton.step(path[depth[node]! - top]!, byte[node]!);
      if (automaton.work > budget)
        throw new UnsupportedError("the grammar is too ambiguous: finding out which tokens may follow takes too long");
      if (next === undefined) node = end[node]!;
      else {
        this.#allowOwn(node);
        path[depth[node]! - top + 1] = next;
        node++;
      }
    }
  }

  #local(machine: Machine, state: number): Local {
    let locals = this.#locals.get(machine);
    if (!locals) this.#locals.set(machine, (locals = new Map<number | string, Local>()));
    const kind = machine.kind(state, this.#path.length - 1);
    let local = locals.get(kind);
    if (!local) {
      local = this.#makeLocal(machine, state);
      locals.set(kind, local);
      this.#remember(local.mask.bytes + local.exits.byteLength);
    }
    return local;
  }

  #makeLocal(machine: Machine, state: number): Local {
    const { byte, depth, end, plainHeight } = this.#trie;
    const classOf = machine.classes.of;
    const exits: number[] = [];
    const path = this.#path;
    path[0] = state;
    this.#bits.fill(0);
    for (let node = 1; node < byte.length; ) {
      const level = depth[node]!;
      const next = machine.next(path[level - 1]!, classOf[byte[node]!]!);
      if (next === -1) {
        node = end[node]!;
        continue;
      }
      if (plainHeight[node]! <= MAX_RUN && this.#runs(machine, next, plainHeight[node]!)) {
        this.#allowAll(node);
        node = end[node]!;
        continue;
      }
      this.#allowOwn(node);
      if (machine.accepts(next)) exits.push(node);
      path[level] = next;
      node++;
    }
    return { mask: TokenMask.of(this.#bits), exits: Int32Array.from(exits) };
  }

  /** Whether so many plain bytes may follow, whichever they are, without the machine being complete on the way. */
  #runs(machine: Machine, state: number, length: number): boolean {
    let known = this.#plainNext.get(machine);
    if (!known) this.#plainNext.set(machine, (known = new Map<number, number>()));
    let at = state;
    for (let i = 0; at !== -1 && i < length; i++) {
      let next = known.get(at);
      if (next === undefined) {
        const [first, ...rest] = new Set(PLAIN.map((byte) => machine.next(at, machine.classes.of[byte]!)));
        next = rest.length === 0 ? first! : -1;
        known.set(at, next);
      }
      if (next === at && !machine.accepts(at)) return true;
      at = next;
      if (at !== -1 && machine.accepts(at)) return false;
    }
    return at !== -1 && !machine.accepts(state);
  }

  #allowOwn(node: number): void {
    const { from, own, tokens } = this.#trie;
    for (let i = from[node]!; i < from[node]! + own[node]!; i++) this.#bits[tokens[i]! >> 5]! |= 1 << (tokens[i]! & 31);
  }

  #allowAll(node: number): void {
    const { from, end, tokens } = this.#trie;
    const last = from[end[node]!]!;
    for (let i = from[node]!; i < last; i++) this.#bits[tokens[i]! >> 5]! |= 1 << (tokens[i]! & 31);
  }

  #remember(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= MAX_MASK_BYTES) return;
    this.#bytes = 0;
    this.#locals = new WeakMap();
    for (const state of this.#made) state.mask = undefined;
    this.#made = [];
  }
}
