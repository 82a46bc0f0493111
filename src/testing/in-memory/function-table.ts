// What a test hands in as functions, by the names that callers use. Knows no call, and no folder.

import { FunctionNamesError } from "../../contract/function-names.js";
import { isCallable, registerFunction, type Registry } from "../../worker/registry.js";

/** A function with its full name, or a module (`import * as math`) with that of its file. */
export type TestFunctions = Readonly<Record<string, object>>;

/** @throws FunctionNamesError for a name that two have or that is the runtime's own, and for what is no function. */
export function functionTable(functions: TestFunctions): Registry {
  const named = Object.entries(functions).flatMap(([name, given]) => functionsOf(name, given));
  if (named.length === 0)
    throw new FunctionNamesError(
      'No function was given. Give some: { "math.add": add }, or a module: { math }.',
    );
  const table = new Map<string, object>();
  for (const [name, given] of named) {
    if (table.has(name))
      throw new FunctionNamesError(
        `Two of the given functions are called "${name}". Leave out or rename one.`,
      );
    if (name === "splice" || name.startsWith("splice."))
      throw new FunctionNamesError(
        `"${name}" was given, but names that begin with "splice" are the runtime's own. Rename it.`,
      );
    table.set(name, given);
  }
  return new Map([...table].sort().map(([name, given]) => [name, registerFunction(name, given)]));
}

function functionsOf(name: string, given: unknown): (readonly [name: string, given: object])[] {
  if (isCallable(given)) return [[name, given]];
  if (typeof given !== "object" || given === null) {
    const what = typeof given === "function" ? "a class" : given === null ? "null" : typeof given;
    throw new FunctionNamesError(
      `"${name}" was given ${what}. Give a function, or a module that exports some.`,
    );
  }
  const exported = Object.entries(given).flatMap(([key, value]: [string, unknown]) =>
    isCallable(value) ? [[key === "default" ? name : `${name}.${key}`, value] as const] : [],
  );
  if (exported.length === 0)
    throw new FunctionNamesError(`The module that was given as "${name}" exports no function.`);
  return exported;
}
