export { callsExpression, type CallOptions } from "./calls.ts";
export { compile } from "./compile.ts";
export { machine } from "./expression.ts";
export { Grammar, Matcher, type TokenBytes } from "./matcher.ts";
export { formatExpression } from "./response-format.ts";
export { plainText } from "./strings.ts";
export { TokenMasks } from "./token-masks.ts";
export { TokenTrie } from "./token-trie.ts";
