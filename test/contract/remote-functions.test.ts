/* eslint-disable @typescript-eslint/no-explicit-any -- one of the types under test */
// The typed view of functions in workers. The types are checked by tsc: every `@ts-expect-error` is a test of its own.

import { describe, expect, test } from "@jest/globals";
import {
  remoteFunctions,
  type RemoteFunctions,
  type RemoteModule,
} from "../../src/contract/remote-functions.js";
import type { CallOptions, StreamOptions } from "../../src/contract/splice.js";
import { createStreamHandle, type SpliceStream } from "../../src/contract/stream-handle.js";
import type { Context } from "../../src/worker/index.js";

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}

/** What a module may export. Only its type is used. */
interface Pdf {
  add(params: { a: number; b: number }): number;
  render(params: { html: string; at?: Date }, ctx: Context): Promise<Uint8Array>;
  version(): string;
  maybe(params?: { id: bigint }): Tree | undefined;
  loose(params: any): any;
  unknown(params: unknown): unknown;
  nothing(params: { tree: Tree }): void;
  positional(a: number, b: number): number;
  text(text: string): string;
  list(items: string[]): number;
  rest(...parts: string[]): string;
  secondObject(params: { a: number }, more: { b: number }): number;
  map(): Map<string, number>;
  nestedMap(): { rows: { seen: Set<string> }[] };
  callback(params: { done: () => void }): void;
  symbol(): symbol;
  generator(params: { n: number }): AsyncGenerator<number>;
  later(params?: { n: number }): Promise<AsyncIterable<{ at: Date }>>;
  web(): ReadableStream<string>;
  maps(): AsyncIterable<Map<string, number>>;
  either(): AsyncIterable<number> | number;
  fails(): never;
  plainGenerator(): Generator<number>;
  readonly limit: number;
  readonly settings: { readonly depth: number };
  readonly Document: new () => object;
  readonly default: () => number;
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;
type View = RemoteModule<Pdf>;

test("the types: asynchronous, with the options of a call; never where it cannot cross; no others", () => {
  same<View["add"], (params: { a: number; b: number }, options?: CallOptions) => Promise<number>>(true);
  same<ReturnType<View["render"]>, Promise<Uint8Array>>(true);
  same<View["version"], (params?: undefined, options?: CallOptions) => Promise<string>>(true);
  same<ReturnType<View["maybe"]>, Promise<Tree | undefined>>(true);
  same<Parameters<View["maybe"]>[0], { id: bigint } | undefined>(true);
  same<ReturnType<View["loose"]>, Promise<any>>(true);
  same<ReturnType<View["unknown"]>, Promise<unknown>>(true);
  same<ReturnType<View["nothing"]>, Promise<void>>(true);
  same<View["positional"], never>(true);
  same<View["text"], never>(true);
  same<View["list"], never>(true);
  same<View["rest"], never>(true);
  same<View["secondObject"], never>(true);
  same<View["map"], never>(true);
  same<View["nestedMap"], never>(true);
  same<View["callback"], never>(true);
  same<View["symbol"], never>(true);
  same<View["generator"], (params: { n: number }, options?: StreamOptions) => SpliceStream<number>>(true);
  same<View["later"], (params?: { n: number }, options?: StreamOptions) => SpliceStream<{ at: Date }>>(true);
  same<View["web"], (params?: undefined, options?: StreamOptions) => SpliceStream<string>>(true);
  same<View["maps"], never>(true);
  same<View["either"], never>(true);
  same<ReturnType<View["fails"]>, Promise<never>>(true);
  same<View["plainGenerator"], never>(true);
  same<Extract<keyof View, "limit" | "settings" | "Document" | "default">, never>(true);
  const wrong = (pdf: View, both: RemoteFunctions<{ pdf: Pdf; limit: number }>): void => {
    // @ts-expect-error a parameter is missing
    void pdf.add({ a: 1 });
    // @ts-expect-error no parameters at all
    void pdf.add();
    // @ts-expect-error a positional function cannot be called
    void pdf.positional(1, 2);
    // @ts-expect-error what is no function is not there
    same<unknown, typeof pdf.limit>(false);
    // @ts-expect-error no such option
    void pdf.version(undefined, { timeout: 1 });
    // @ts-expect-error a promise is no number
    same<number, ReturnType<typeof pdf.add>>(true);
    // @ts-expect-error not a module
    same<unknown, typeof both.limit>(false);
    // @ts-expect-error one level down the rules are the same
    void both.pdf.text("a");
    void both.pdf.add({ a: 1, b: 2 }, { timeoutMs: 10 });
  };
  expect(typeof wrong).toBe("function");
});

/** Whatever path is tried, there is a function at it, and more below it. */
interface Tried extends Readonly<Record<"math" | "math.add" | "add" | "admin" | "list", Tried>> {
  (params?: unknown, options?: unknown): Promise<unknown>;
}

describe("the proxy", () => {
  const calls: unknown[][] = [];
  const streams: unknown[][] = [];
  const stream = createStreamHandle("s", () => {
    throw new Error("Nobody reads it.");
  });
  const functions = (namespace = "") =>
    remoteFunctions(
      {
        call: async (...call) => {
          calls.push(call);
          return call[0];
        },
        stream: (...call) => {
          streams.push(call);
          return stream;
        },
        isStreaming: (name) => name === "math.list",
      },
      namespace,
    ) as Tried;

  test("calls by path, with params and options", async () => {
    calls.length = 0;
    expect(await functions().math.add({ a: 1 }, { timeoutMs: 5 })).toBe("math.add");
    expect(await functions()["math.add"]()).toBe("math.add");
    expect(await functions("users").admin.list({})).toBe("users.admin.list");
    expect(calls[0]).toEqual(["math.add", { a: 1 }, { timeoutMs: 5 }]);
  });

  test("what streams is given as a stream, and looked at when it is called", () => {
    expect(functions().math.list({ a: 1 }, { idleTimeoutMs: 5 })).toBe(stream);
    expect(streams).toEqual([["math.list", { a: 1 }, { idleTimeoutMs: 5 }]]);
  });

  test("can be awaited, printed and turned into JSON without a call; a function stays the same one", async () => {
    calls.length = 0;
    const all = functions();
    expect(await Promise.resolve<unknown>(all)).toBe(all);
    expect(await Promise.resolve<unknown>(all.math)).toBe(all.math);
    JSON.stringify({ all, math: all.math });
    expect(String(Object.keys(all))).toBe("");
    expect(calls).toEqual([]);
    expect(() => {
      // @ts-expect-error the compiler refuses it, and so does the proxy
      all.math = 1;
    }).toThrow(TypeError);
  });
});
