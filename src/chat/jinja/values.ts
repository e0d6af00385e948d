/**
 * The Jinja library's runtime values, as seen from outside. The library exports neither their classes nor, under TypeScript's NodeNext,
 * their types: the shapes are declared here, and the classes are taken from values that it makes.
 */
import { Environment as LibraryEnvironment } from "@huggingface/jinja";

export type Value =
  | { readonly type: "StringValue"; readonly value: string }
  | { readonly type: "IntegerValue" | "FloatValue"; readonly value: number }
  | { readonly type: "BooleanValue"; readonly value: boolean }
  | { readonly type: "NullValue" | "UndefinedValue"; readonly value: null | undefined }
  | ArrayValue
  | ObjectValue
  | { readonly type: "FunctionValue"; readonly value: NativeFunction };
export interface ArrayValue {
  readonly type: "ArrayValue" | "TupleValue";
  readonly value: Value[];
}
/** A mapping; a NamespaceValue is what `namespace()` makes, KeywordArgumentsValue is the last argument of a call with keywords. */
export interface ObjectValue {
  readonly type: "ObjectValue" | "NamespaceValue" | "KeywordArgumentsValue";
  readonly value: Map<string, Value>;
  readonly builtins: ReadonlyMap<string, Value>; // a mapping's methods
}
export type NativeFunction = (args: Value[], environment: Environment) => Value;

export interface Environment {
  setVariable(name: string, value: Value): Value;
}

export const newEnvironment = (): Environment => new LibraryEnvironment() as Environment;

type Constructor<T> = new (value: T) => Value;
const classOf = <T>(sample: unknown): Constructor<T> => {
  const value = (new LibraryEnvironment() as { set(name: string, value: unknown): object }).set("sample", sample);
  return value.constructor as Constructor<T>;
};
const StringClass = classOf<string>("");
const IntegerClass = classOf<number>(0);
const FloatClass = classOf<number>(0.5);
const BooleanClass = classOf<boolean>(true);
const NullClass = classOf<null>(null);
const UndefinedClass = classOf<undefined>(undefined);
const ArrayClass = classOf<Value[]>([]);
const ObjectClass = classOf<Map<string, Value>>({});
const FunctionClass = classOf<NativeFunction>(() => null);

export const string = (value: string): Value => new StringClass(value);
/** JSON has one kind of number; Python prints 3 and 3.0 differently. What no longer counts exactly is taken for a float. */
export const number = (value: number): Value => (Number.isSafeInteger(value) ? integer(value) : float(value));
export const integer = (value: number): Value => new IntegerClass(value);
export const float = (value: number): Value => new FloatClass(value);
export const boolean = (value: boolean): Value => new BooleanClass(value);
export const none: Value = new NullClass(null);
export const undefinedValue: Value = new UndefinedClass(undefined);
export const array = (value: Value[]): Value => new ArrayClass(value);
export const object = (value: Map<string, Value>): Value => new ObjectClass(value);
export const native = (value: NativeFunction): Value => new FunctionClass(value);

export const isArray = (value: Value): value is ArrayValue => value.type === "ArrayValue" || value.type === "TupleValue";
export const isObject = (value: Value): value is ObjectValue =>
  value.type === "ObjectValue" || value.type === "NamespaceValue" || value.type === "KeywordArgumentsValue";

/** Python's truth. */
export function isTruthy(value: Value): boolean {
  if (value.type === "NullValue" || value.type === "UndefinedValue") return false;
  if (isArray(value)) return value.value.length > 0;
  return isObject(value) ? value.value.size > 0 : Boolean(value.value);
}
