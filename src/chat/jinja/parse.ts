/** Template text to the library's syntax tree, and which of its nodes print and which are looped over. */
import { parse as parseTokens, tokenize } from "@huggingface/jinja";

interface Identifier {
  readonly type: "Identifier";
  readonly value: string;
}
/** The library's nodes, as far as the interpreter looks at them itself. */
export type Node =
  | Identifier
  | { readonly type: "BinaryExpression"; readonly operator: { readonly value: string }; readonly left: Node; readonly right: Node }
  | { readonly type: "MemberExpression"; readonly object: Node; readonly property: Node; readonly computed: boolean }
  | { readonly type: "SliceExpression"; readonly start?: Node; readonly stop?: Node; readonly step?: Node }
  | { readonly type: "FilterExpression"; readonly operand: Node; readonly filter: Identifier | CallExpression }
  | { readonly type: "TestExpression"; readonly operand: Node; readonly negate: boolean; readonly test: Identifier }
  | { readonly type: "KeywordArgumentExpression"; readonly key: Identifier; readonly value: Node }
  | { readonly type: "SelectExpression"; readonly lhs: Node; readonly test: Node }
  | { readonly type: "For"; readonly iterable: Node; readonly body: Node[]; readonly defaultBlock: Node[] }
  | { readonly type: "FilterStatement" }
  | { readonly type: "StringLiteral"; readonly value: string }
  | { readonly type: "IntegerLiteral"; readonly value: number };
interface CallExpression {
  readonly type: "CallExpression";
  readonly callee: Identifier;
  readonly args: readonly Node[];
}

export interface Program {
  readonly root: Node;
  /** Expressions whose value is printed: {{ … }}. */
  readonly outputs: WeakSet<Node>;
  /** Expressions that a {% for %} walks over. */
  readonly iterables: WeakSet<Node>;
}

/** UTF-16 units. The longest chat templates in use have some 30 000. */
export const MAX_TEMPLATE_LENGTH = 256 * 1024;
/** The library looks for tags with an expression that is quadratic in a run of white space. */
export const MAX_TEMPLATE_SPACE = 1024;

const STATEMENTS = new Set(["Set", "If", "For", "Macro", "CallStatement", "FilterStatement", "Break", "Continue", "Comment"]);
const BODIES = ["body", "alternate", "defaultBlock"];

/** @throws {Error} What is wrong with the template, as the library says it. */
export function parse(source: string): Program {
  if (source.length > MAX_TEMPLATE_LENGTH) throw new Error(`it has ${source.length} characters, allowed are ${MAX_TEMPLATE_LENGTH}`);
  if (new RegExp(`\\s{${MAX_TEMPLATE_SPACE + 1}}`).test(source)) {
    throw new Error(`it has more than ${MAX_TEMPLATE_SPACE} white-space characters in a row`);
  }
  // The two options are those of transformers' environment.
  const root = parseTokens(tokenize(source, { trim_blocks: true, lstrip_blocks: true })) as Node;
  const outputs = new WeakSet<Node>();
  const iterables = new WeakSet<Node>();
  const pending: object[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const [name, child] of Object.entries(node) as [string, unknown][]) {
      if (typeof child !== "object" || child === null) continue;
      pending.push(child);
      if (BODIES.includes(name) && Array.isArray(child)) {
        for (const statement of child as Node[])
          if (!STATEMENTS.has(statement.type) && statement.type !== "StringLiteral") outputs.add(statement);
      }
    }
    const statement = node as Node;
    if (statement.type === "For")
      iterables.add(statement.iterable.type === "SelectExpression" ? statement.iterable.lhs : statement.iterable);
  }
  return { root, outputs, iterables };
}
