/** What a grammar from outside may ask for. Each is checked before the work is done; what goes beyond is refused by name. */

/** UTF-16 units of a schema as JSON, of a GBNF grammar, or of all choices. */
export const MAX_GRAMMAR_LENGTH = 2 ** 20;
/** UTF-16 units of a regular expression. */
export const MAX_PATTERN_LENGTH = 2 ** 14;
/** Schemas inside one another, groups inside groups. */
export const MAX_DEPTH = 100;
/** {m,n} in a regular expression or GBNF. */
export const MAX_REPETITIONS = 10_000;
/** Expressions of a grammar, shared ones counted once. */
export const MAX_EXPRESSIONS = 100_000;
/** States of a regular expression before it is made deterministic. */
export const MAX_NFA_STATES = 20_000;
/** States of one deterministic automaton. */
export const MAX_DFA_STATES = 2 ** 15;
/** Steps that making one automaton's states may take, all together: a fraction of a second. */
export const MAX_AUTOMATON_WORK = 2 ** 23;
/** The same of all automata of a grammar, while it is made: about a second. */
export const MAX_GRAMMAR_WORK = 2 ** 24;
/** Readings of the text so far that are open at once. */
export const MAX_STACKS = 500;
/** Readings that may be looked at for one token mask. */
export const MAX_MASK_WORK = 2 ** 18;
/** Lists and objects inside one another in what is generated. The reader of calls takes 64. */
export const MAX_NESTING = 32;
/** Stacks, and states of the whole, that are remembered; beyond that all are forgotten and made again. */
export const MAX_REMEMBERED = 2 ** 14;
/** Bytes of token masks that are remembered. */
export const MAX_MASK_BYTES = 2 ** 26;

/** Calls in one list. */
export const MAX_CALLS = 32;
