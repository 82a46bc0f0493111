// Functions of somebody's modules as they look from outside the worker: every one asynchronous, what cannot cross the
// border is `never`, what is no function is not there; what yields items is a stream of them. Types, and the proxy that
// stands behind them.

import type { Context } from "./context-type.js";
import type { CallOptions, StreamOptions } from "./splice.js";
import type { SpliceStream } from "./stream-handle.js";

/**
 * The exported functions of a module, as calls: `typeof import("./pdf.js")` as T. A function takes one object, or
 * nothing, and perhaps the Context; what takes anything else, or returns what cannot be carried, is `never`. One that
 * returns an AsyncIterable or a ReadableStream is a stream of its items, to be read as what `stream()` returns.
 */
export type RemoteModule<T> = {
  readonly [Key in Exclude<keyof T, "default"> as T[Key] extends AnyFunction ? Key : never]: T[Key] extends (
    ...args: infer Args
  ) => infer Result
    ? RemoteFunction<Args, Result>
    : never;
};

/** As RemoteModule, where a property may also be a module of its own: `{ math: typeof import("./math.js") }`. */
export type RemoteFunctions<T> = RemoteModule<T> & {
  readonly [
    Key in keyof T as T[Key] extends AnyFunction ? never : HasFunctions<T[Key]> extends true ? Key : never
  ]: RemoteFunctions<T[Key]>;
};

type AnyFunction = (...args: never[]) => unknown;

type HasFunctions<T> = T extends object
  ? T extends readonly unknown[]
    ? false
    : true extends { [Key in keyof T]: T[Key] extends AnyFunction ? true : false }[keyof T]
      ? true
      : false
  : false;

type RemoteFunction<Args extends readonly unknown[], Result> = Args extends readonly [unknown?, Context?]
  ? Streamed<Awaited<Result>> extends readonly [infer Item]
    ? CanCross<Item> extends true
      ? Called<Args, StreamOptions, SpliceStream<Item>>
      : never
    : CanCross<Awaited<Result>> extends true
      ? Called<Args, CallOptions, Promise<Awaited<Result>>>
      : never
  : never;

/** [Item] of what yields items, and null of anything else. In brackets, so that a union is looked at as a whole. */
type Streamed<T> =
  IsAny<T> extends true
    ? null
    : [T] extends [never]
      ? null
      : [T] extends [AsyncIterable<infer Item>]
        ? [Item]
        : [T] extends [ReadableStream<infer Item>]
          ? [Item]
          : null;

type Called<Args extends readonly unknown[], Options, Result> = Args extends readonly []
  ? (params?: undefined, options?: Options) => Result
  : IsParams<Args[0]> extends true
    ? undefined extends Args[0]
      ? (params?: Args[0], options?: Options) => Result
      : (params: Args[0], options?: Options) => Result
    : never;

/** Parameters travel as a map by name. */
type IsParams<T> =
  IsAny<T> extends true
    ? true
    : unknown extends T
      ? true
      : [NonNullable<T>] extends [object]
        ? [Extract<NonNullable<T>, readonly unknown[] | Date | Uint8Array | AnyFunction>] extends [never]
          ? CanCross<T>
          : false
        : false;

type CanCross<T> = [Misfit<T, []>] extends [never] ? true : false;

type IsAny<T> = 0 extends 1 & T ? true : false;

type Carried = null | undefined | boolean | number | bigint | string | Uint8Array | Date;

/**
 * The parts of T that cannot be carried; classes, Maps and generators show by their methods. Looks six levels deep,
 * so that types which contain themselves come to an end.
 */
type Misfit<T, Depth extends readonly unknown[]> =
  IsAny<T> extends true
    ? never
    : Depth["length"] extends 6
      ? never
      : T extends Carried
        ? never
        : T extends AnyFunction | symbol
          ? T
          : T extends readonly (infer Item)[]
            ? Misfit<Item, [...Depth, 0]>
            : T extends object
              ? { [Key in keyof T]-?: Misfit<T[Key], [...Depth, 0]> }[keyof T]
              : never;

/** What the proxy stands on: a Splice handle, or as much of one. */
export interface Callee {
  call(name: string, params?: unknown, options?: CallOptions): Promise<unknown>;
  stream(name: string, params?: unknown, options?: StreamOptions): SpliceStream;
  /** Whether the function of that name yields items. */
  isStreaming(name: string): boolean;
}

/** Asked for by the platform on anything it is handed; a call of them would be nobody's wish. */
const notFunctions = new Set(["then", "toJSON"]);

/** An object whose every property is a call, or a stream, of that name below `namespace`, and itself such an object. */
export function remoteFunctions(callee: Callee, namespace: string): object {
  return new Proxy(Object.freeze({}), { get: below(callee, namespace) });
}

function below(callee: Callee, path: string): (target: unknown, key: string | symbol) => unknown {
  const known = new Map<string, unknown>();
  return (_, key) => {
    if (typeof key !== "string" || notFunctions.has(key)) return undefined;
    let entry = known.get(key);
    if (entry === undefined) {
      const name = path === "" ? key : `${path}.${key}`;
      const target = (params?: unknown, options?: CallOptions): unknown =>
        callee.isStreaming(name) ? callee.stream(name, params, options) : callee.call(name, params, options);
      entry = new Proxy(target, { get: below(callee, name) });
      known.set(key, entry);
    }
    return entry;
  };
}
