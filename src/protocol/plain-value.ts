// What a user's value becomes before it is written: a copy that holds only what MessagePack can carry exactly, or
// a refusal by path. Every property is read once, so that a getter cannot show one thing here and write another.

import { types } from "node:util";
import { messageOf } from "../errors.js";
import { maxNesting, maxValueNodes } from "./limits.js";
import { exactInteger } from "./msgpack.js";
import { isWellFormed } from "./text.js";
import { isValueError, pathOf, ValueError } from "./value-error.js";
import { whyNotCarried } from "./value-refusals.js";

type Step = string | number;

interface PlainValue {
  readonly value: unknown;
  /** The lengths of all texts and bytes in it: about what it takes, when that is much. */
  readonly payloadBytes: number;
}

/** Throws ValueError naming the first place below `root` that cannot be carried. */
export function plainValue(value: unknown, root: string): PlainValue {
  const walk = new Walk(root);
  try {
    return { value: walk.value(value, 0), payloadBytes: walk.payloadBytes };
  } catch (error) {
    if (isValueError(error)) throw error;
    throw walk.refusal(`reading it threw: ${messageOf(error)}`);
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  // An object of another realm: its prototype ends the chain and is that realm's Object.prototype.
  return (
    typeof prototype === "object" &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "isPrototypeOf")
  );
}

class Walk {
  readonly #root: string;
  /** The keys from the root to where the walk is; what stands behind `#depth` is left over from before. */
  readonly #trail: Step[] = [];
  #depth = 0;
  #nodes = 0;
  payloadBytes = 0;

  constructor(root: string) {
    this.#root = root;
  }

  refusal(problem: string): ValueError {
    return new ValueError(pathOf(this.#root, this.#trail.slice(0, this.#depth)), problem);
  }

  /** `depth` is the number of containers around the value. */
  value(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        if (!isWellFormed(value)) throw this.refusal(loneSurrogate("text"));
        this.payloadBytes += value.length;
        return value;
      case "number":
        return Number.isSafeInteger(value) ? exactInteger(value) : value;
      case "boolean":
        return value;
      case "undefined":
        return null;
      case "bigint":
        if (value < -0x8000_0000_0000_0000n || value > 0xffff_ffff_ffff_ffffn) {
          throw this.refusal(`the bigint ${String(value)} is beyond 64 bits; pass it as text`);
        }
        return exactInteger(value);
      case "object":
        if (value === null) return null;
        if (Array.isArray(value)) return this.#array(value, depth + 1);
        if (isPlainObject(value)) return this.#map(value, depth + 1);
        if (types.isUint8Array(value)) {
          this.payloadBytes += value.length;
          return value;
        }
        if (types.isDate(value)) return this.#date(value);
        break;
      case "function":
      case "symbol":
        break;
    }
    throw this.refusal(whyNotCarried(value));
  }

  #date(value: Date): Date {
    const atMs = value.getTime();
    if (Number.isNaN(atMs)) throw this.refusal("an invalid Date cannot be carried; pass null or a valid one");
    return new Date(atMs);
  }

  #array(value: readonly unknown[], depth: number): unknown[] {
    this.#enter(value.length, depth);
    const copy: unknown[] = [];
    for (let index = 0; index < value.length; index++) {
      this.#step(index, depth);
      copy.push(this.value(value[index], depth));
    }
    this.#depth = depth - 1;
    return copy;
  }

  #map(value: Record<string, unknown>, depth: number): Record<string, unknown> {
    const keys = Object.keys(value);
    this.#enter(keys.length * 2, depth);
    const copy: Record<string, unknown> = {};
    for (const key of keys) {
      this.#step(key, depth);
      if (key === "__proto__") throw this.refusal('the key "__proto__" cannot be carried; rename it');
      if (!isWellFormed(key)) throw this.refusal(loneSurrogate("key"));
      const item = value[key];
      if (item !== undefined) copy[key] = this.value(item, depth);
    }
    this.#depth = depth - 1;
    return copy;
  }

  #enter(nodes: number, depth: number): void {
    this.#nodes += nodes;
    if (depth > maxNesting) {
      throw this.refusal(
        `it nests deeper than ${String(maxNesting)}, or contains itself; pass it flatter, with ids in place of references`,
      );
    }
    if (this.#nodes > maxValueNodes) {
      throw this.refusal(`the whole holds more than ${String(maxValueNodes)} values; send it in parts`);
    }
  }

  #step(step: Step, depth: number): void {
    this.#trail[depth - 1] = step;
    this.#depth = depth;
  }
}

function loneSurrogate(what: string): string {
  return `the ${what} holds a lone surrogate, which UTF-8 cannot carry; repair it with toWellFormed() or pass bytes`;
}
