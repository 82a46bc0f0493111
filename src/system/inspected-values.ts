// What is shown of a value that lives in a chart: plain data, of bounded size, whatever the value is. Contexts hold
// functions, actors, maps and whole lists of exports; nobody may be kept waiting, and nothing may throw.

import type { Shown } from "../contract/inspection.js";
import { messageOf } from "../errors.js";
import { toWellFormed } from "../protocol/text.js";

/** Deeper than any context of our own. */
const maxDepth = 8;
const maxEntries = 64;
const maxChars = 1000;
/** Of one value in all: with the texts cut as above it stays far below what a link carries. */
const maxNodes = 1000;

/** `actorIdOf` gives the id by which an actor in it is shown; undefined for what is no actor. */
export function shown(value: unknown, actorIdOf: (value: object) => string | undefined): Shown {
  try {
    return new Showing(actorIdOf).value(value, 0) ?? null;
  } catch (error) {
    return `(unreadable: ${shownText(messageOf(error))})`;
  }
}

export function shownText(text: string): string {
  return toWellFormed(text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text);
}

class Showing {
  readonly #actorIdOf: (value: object) => string | undefined;
  #left = maxNodes;

  constructor(actorIdOf: (value: object) => string | undefined) {
    this.#actorIdOf = actorIdOf;
  }

  /** Undefined for what is no data. */
  value(value: unknown, depth: number): Shown | undefined {
    switch (typeof value) {
      case "string":
        return shownText(value);
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "boolean":
        return value;
      case "bigint":
        return String(value);
      case "object":
        return value === null ? null : this.#object(value, depth);
      default:
        return undefined;
    }
  }

  #object(value: object, depth: number): Shown {
    const actorId = this.#actorIdOf(value);
    if (actorId !== undefined) return { actorId };
    if (value instanceof Error) return shownText(messageOf(value));
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (ArrayBuffer.isView(value)) return `(${String(value.byteLength)} bytes)`;
    if (depth >= maxDepth || this.#left <= 0) return "…";
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth);
    return this.#entries(value instanceof Map ? value : Object.entries(value), depth);
  }

  #list(values: Iterable<unknown>, depth: number): Shown {
    const list: Shown[] = [];
    for (const each of values) {
      if (list.length >= maxEntries || --this.#left < 0) return [...list, "…"];
      list.push(this.value(each, depth + 1) ?? null);
    }
    return list;
  }

  #entries(entries: Iterable<readonly [unknown, unknown]>, depth: number): Shown {
    const shownEntries: (readonly [string, Shown])[] = [];
    for (const [key, each] of entries) {
      const name = shownText(
        typeof key === "string" ? key : JSON.stringify(this.value(key, maxDepth) ?? null),
      );
      if (shownEntries.length >= maxEntries || --this.#left < 0) {
        shownEntries.push(["…", "…"]);
        break;
      }
      const value = this.value(each, depth + 1);
      if (value !== undefined && name !== "__proto__") shownEntries.push([name, value]);
    }
    return Object.fromEntries(shownEntries);
  }
}
