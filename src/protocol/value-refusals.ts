// The words for every kind of value that cannot be carried, each with what to pass instead.

import { types } from "node:util";

/** A part of a sentence: "a Map cannot be carried; pass …". */
export function whyNotCarried(value: unknown): string {
  if (typeof value === "function")
    return cannot("a function", "pass data, and keep the function on your side");
  if (typeof value === "symbol") return cannot("a symbol", "pass its description as text");
  if (types.isMap(value)) return cannot("a Map", "pass Object.fromEntries(map), or an array of its entries");
  if (types.isSet(value)) return cannot("a Set", "pass an array of its items");
  if (types.isNativeError(value)) return cannot("an Error", "pass a plain object with its name and message");
  if (types.isPromise(value)) return cannot("a Promise", "await it first");
  if (types.isBoxedPrimitive(value)) return cannot("a boxed primitive", "pass its valueOf()");
  if (types.isAnyArrayBuffer(value)) return cannot("an ArrayBuffer", "pass a Uint8Array over it");
  if (ArrayBuffer.isView(value)) {
    return cannot(`a ${nameOf(value)}`, "pass a Uint8Array over its memory, or an array of its items");
  }
  return cannot(`an instance of ${nameOf(value)}`, "pass a plain object with the fields that matter");
}

function cannot(what: string, instead: string): string {
  return `${what} cannot be carried; ${instead}`;
}

function nameOf(value: unknown): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag !== "Object") return tag;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== "object" || prototype === null || !("constructor" in prototype)) return "a class";
  const maker = prototype.constructor;
  return typeof maker === "function" && maker.name !== "" ? maker.name : "a class";
}
