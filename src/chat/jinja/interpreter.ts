/**
 * The Jinja library's interpreter with three things added: limits on what a template may use, Python's behaviour where the library's
 * differs in a way that reaches a prompt, and operations that do not see the marks on client text (marks.ts).
 *
 * All of it hangs on the library's one public step, `evaluate`. Its differences, found by rendering with it and with Python's Jinja:
 * str() of None, booleans, floats and nested lists; `string`, `tojson`, `join`, `trim` and `strip` of those or of other white space;
 * a mapping's method hidden by a key of its name (`arguments.items()` where an argument is called "items"); attributes of undefined
 * values, and "text" + list, which must raise; loops over an undefined value or a string; `is iterable` for mappings; 1 == "1".
 */
import { Interpreter as LibraryInterpreter } from "@huggingface/jinja";
import type { Budget } from "./budget.ts";
import { applyFilter, ownFilters } from "./filters.ts";
import type { Marks } from "./marks.ts";
import type { Node, Program } from "./parse.ts";
import { str } from "./python.ts";
import { slice, stringMethod } from "./strings.ts";
import { array, boolean, type Environment, float, integer, isArray, isObject, string, undefinedValue, type Value } from "./values.ts";

interface Library {
  evaluate(node: Node | undefined, environment: Environment): Value | undefined;
}
const Base = LibraryInterpreter as unknown as new (environment: Environment) => Library;

/** dict's methods come before its keys in `mapping.name`, as in Python; the library has it the other way round. */
const MAPPING_METHODS = new Set(["get", "items", "keys", "values"]);

export class Interpreter extends Base {
  readonly #program: Program;
  readonly #environment: Environment;
  readonly #marks: Marks;
  readonly #budget: Budget;

  constructor(program: Program, environment: Environment, marks: Marks, budget: Budget) {
    super(environment);
    this.#program = program;
    this.#environment = environment;
    this.#marks = marks;
    this.#budget = budget;
  }

  render(): string {
    const result = this.evaluate(this.#program.root, this.#environment);
    return result.type === "StringValue" ? result.value : "";
  }

  override evaluate(node: Node | undefined, environment: Environment): Value {
    if (node === undefined) return undefinedValue;
    this.#budget.spend(1);
    const value = this.#budget.nested(() => this.#evaluate(node, environment));
    if (value.type === "StringValue") this.#budget.text(value.value.length);
    else if (isArray(value)) this.#budget.list(value.value.length);
    if (this.#program.outputs.has(node)) return string(str(value, { marks: this.#marks, budget: this.#budget }));
    if (!this.#program.iterables.has(node)) return value;
    const iterable = this.#iterable(value);
    if (isArray(iterable)) this.#budget.objects(iterable.value.length);
    return iterable;
  }

  #evaluate(node: Node, environment: Environment): Value {
    switch (node.type) {
      case "BinaryExpression": {
        const operator = node.operator.value;
        if (!OWN_OPERATORS.has(operator)) break;
        return this.#binary(operator, this.evaluate(node.left, environment), this.evaluate(node.right, environment));
      }
      case "MemberExpression":
        return this.#member(node, environment);
      case "FilterExpression": {
        const { filter } = node;
        const name = filter.type === "Identifier" ? filter.value : filter.callee.value;
        if (!ownFilters.has(name)) break;
        const operand = this.evaluate(node.operand, environment);
        const { positional, named } = this.#arguments(filter.type === "Identifier" ? [] : filter.args, environment);
        return applyFilter(name, operand, positional, named, { marks: this.#marks, budget: this.#budget });
      }
      case "FilterStatement":
        throw new Error("the statement {% filter %} is not supported");
      case "TestExpression":
        if (node.test.value === "iterable" || node.test.value === "sequence") {
          const operand = this.evaluate(node.operand, environment);
          return boolean((operand.type === "StringValue" || isArray(operand) || isObject(operand)) !== node.negate);
        }
        break;
      default:
    }
    return super.evaluate(node, environment) ?? undefinedValue;
  }

  /** What a loop walks over: an undefined value is empty, a string its characters. */
  #iterable(value: Value): Value {
    if (value.type === "UndefinedValue") return array([]);
    if (value.type !== "StringValue") return value;
    const characters = this.#characters(value.value);
    this.#budget.list(characters.length);
    return array(characters.map(string));
  }

  #characters(text: string): string[] {
    this.#budget.spend(text.length >> 5);
    return this.#marks.characters(text);
  }

  #binary(operator: string, left: Value, right: Value): Value {
    switch (operator) {
      case "==":
        return boolean(this.#equal(left, right));
      case "!=":
        return boolean(!this.#equal(left, right));
      case "in":
        return boolean(this.#contains(right, left));
      case "not in":
        return boolean(!this.#contains(right, left));
      case "~": {
        const printer = { marks: this.#marks, budget: this.#budget };
        return string(this.#budget.join([str(left, printer), str(right, printer)], ""));
      }
      default:
        return this.#add(left, right);
    }
  }

  #add(left: Value, right: Value): Value {
    if (left.type === "StringValue" && right.type === "StringValue") return string(this.#budget.join([left.value, right.value], ""));
    if (isArray(left) && isArray(right)) {
      this.#budget.list(left.value.length + right.value.length);
      return array(left.value.concat(right.value));
    }
    const a = numeric(left);
    const b = numeric(right);
    if (a === undefined || b === undefined) throw new Error(`${describe(left)} and ${describe(right)} cannot be added`);
    return left.type === "FloatValue" || right.type === "FloatValue" ? float(a + b) : integer(a + b);
  }

  #equal(left: Value, right: Value): boolean {
    this.#budget.spend(1);
    const a = numeric(left);
    const b = numeric(right);
    if (a !== undefined && b !== undefined) return a === b;
    if (left.type === "StringValue" && right.type === "StringValue")
      return this.#marks.strip(left.value) === this.#marks.strip(right.value);
    if (isArray(left) && isArray(right)) {
      const others = right.value;
      return left.value.length === others.length && left.value.every((item, i) => this.#equal(item, others[i] ?? undefinedValue));
    }
    if (isObject(left) && isObject(right)) {
      const others = right.value;
      return (
        left.value.size === others.size && [...left.value].every(([key, item]) => this.#equal(item, others.get(key) ?? undefinedValue))
      );
    }
    return left.type === right.type && left.value === right.value;
  }

  #contains(container: Value, item: Value): boolean {
    if (container.type === "UndefinedValue") return false;
    if (isArray(container)) return container.value.some((other) => this.#equal(item, other));
    if (item.type === "StringValue") {
      if (container.type === "StringValue") return this.#marks.strip(container.value).includes(this.#marks.strip(item.value));
      if (isObject(container)) return container.value.has(item.value);
    }
    throw new Error(`${describe(item)} cannot be looked for in ${describe(container)}`);
  }

  #member(node: Extract<Node, { type: "MemberExpression" }>, environment: Environment): Value {
    const object = this.evaluate(node.object, environment);
    if (object.type === "UndefinedValue") throw new Error(`${describeNode(node.object)} is undefined`);
    if (node.computed && node.property.type === "SliceExpression") {
      const bounds = [node.property.start, node.property.stop, node.property.step].map((bound) => this.#bound(bound, environment));
      return slice(object, bounds[0], bounds[1], bounds[2], { marks: this.#marks, budget: this.#budget });
    }
    const key = node.computed ? this.evaluate(node.property, environment) : attribute(node.property);
    if (key.type === "IntegerValue") {
      if (isArray(object)) return object.value.at(key.value) ?? undefinedValue;
      const character = object.type === "StringValue" ? this.#characters(object.value).at(key.value) : undefined;
      return character === undefined ? undefinedValue : string(character);
    }
    if (key.type !== "StringValue") return undefinedValue;
    const name = key.value;
    if (isObject(object)) {
      const method = object.type !== "NamespaceValue" && MAPPING_METHODS.has(name) ? object.builtins.get(name) : undefined;
      if (method !== undefined && !node.computed) return method;
      return object.value.get(name) ?? object.value.get(this.#marks.strip(name)) ?? method ?? undefinedValue;
    }
    if (object.type === "StringValue") {
      const printer = { marks: this.#marks, budget: this.#budget };
      return stringMethod(object.value, name, printer) ?? undefinedValue;
    }
    return undefinedValue;
  }

  #bound(node: Node | undefined, environment: Environment): number | undefined {
    const value = this.evaluate(node, environment);
    if (value.type === "IntegerValue") return value.value;
    if (value.type === "UndefinedValue" || value.type === "NullValue") return undefined;
    throw new Error(`a slice goes from integer to integer, not to ${describe(value)}`);
  }

  #arguments(nodes: readonly Node[], environment: Environment): { positional: Value[]; named: Map<string, Value> } {
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    for (const node of nodes) {
      if (node.type === "KeywordArgumentExpression") named.set(node.key.value, this.evaluate(node.value, environment));
      else positional.push(this.evaluate(node, environment));
    }
    return { positional, named };
  }
}

const OWN_OPERATORS = new Set(["==", "!=", "in", "not in", "~", "+"]);

const numeric = (value: Value): number | undefined => {
  if (value.type === "IntegerValue" || value.type === "FloatValue") return value.value;
  return value.type === "BooleanValue" ? Number(value.value) : undefined;
};

const describe = (value: Value): string => value.type.replace(/Value$/, "").toLowerCase();
const describeNode = (node: Node): string => {
  if (node.type === "Identifier") return node.value;
  if (node.type !== "MemberExpression") return "a value";
  const { property } = node;
  const name =
    property.type === "Identifier" || property.type === "StringLiteral" || property.type === "IntegerLiteral" ? property.value : "…";
  return `${describeNode(node.object)}.${name}`;
};

/** The name or number behind a dot. */
const attribute = (node: Node): Value => {
  if (node.type === "Identifier") return string(node.value);
  return node.type === "IntegerLiteral" ? integer(node.value) : undefinedValue;
};
