// The functions of this worker by their full names. A Map, since names come from outside and an object would
// answer for "constructor". Knows nothing of calls.

import type { Context } from "../contract/context-type.js";
import { FunctionNamesError, nameExports } from "../contract/function-names.js";
import type { StandardSchema } from "../contract/standard-schema.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { definitionOf } from "./fn.js";

export interface RegisteredFunction {
  readonly metadata: Pick<ExportMetadata, "name" | "isAsync" | "isStreaming">;
  readonly params: StandardSchema | undefined;
  readonly returns: StandardSchema | undefined;
  readonly handler: (params: unknown, context: Context) => unknown;
}

export type Registry = ReadonlyMap<string, RegisteredFunction>;

/** What a bundle exports: its folder's name for sentences, and its modules by their paths in the folder. */
export interface FunctionsModule {
  readonly folder: string;
  readonly modules: readonly (readonly [path: string, module: Readonly<Record<string, unknown>>])[];
}

export function isFunctionsModule(value: object): value is FunctionsModule {
  return (
    "folder" in value &&
    typeof value.folder === "string" &&
    "modules" in value &&
    Array.isArray(value.modules)
  );
}

/** Throws FunctionNamesError when two exports have one name, or when nothing is exported. */
export function createRegistry({ folder, modules }: FunctionsModule): Registry {
  const exportsByPath = new Map(modules);
  const named = nameExports(
    modules.map(([path, module]) => ({
      path,
      keys: Object.keys(module).filter((key) => isCallable(module[key])),
    })),
    `${folder}/`,
  );
  if (named.length === 0) {
    const files = modules.map(([path]) => `${folder}/${path}`).join(", ");
    throw new FunctionNamesError(
      `No file of the functions folder exports a function (${files}). Write \`export function …\` in one of them.`,
    );
  }
  return new Map(
    named.map(({ name, path, key }) => [name, registerFunction(name, exportsByPath.get(path)?.[key])]),
  );
}

/** @throws FunctionNamesError for what cannot be called. */
export function registerFunction(name: string, exported: unknown): RegisteredFunction {
  if (!isCallable(exported)) throw new FunctionNamesError(`${name} is no function.`);
  const { params, returns, stream, handler } = definitionOf(exported) ?? {
    params: undefined,
    returns: undefined,
    stream: false,
    handler: exported,
  };
  const kind = Object.prototype.toString.call(handler);
  const isStreaming = stream || kind === "[object AsyncGeneratorFunction]";
  return {
    metadata: {
      name,
      isAsync: isStreaming || kind === "[object AsyncFunction]",
      isStreaming,
    },
    params,
    returns,
    handler,
  };
}

type Callable = (params: unknown, context: Context) => unknown;

/** A class is a function to the language, but cannot be called. */
export function isCallable(value: unknown): value is Callable {
  return typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));
}
