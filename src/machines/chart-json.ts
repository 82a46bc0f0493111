// A chart as plain JSON, in the two forms that others read: its config, as createMachine takes it, and its resolved
// definition. What a chart computes stands there as a name. Pure; which machine it is, is not its business.

import type { AnyStateMachine } from "xstate";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/**
 * The config of a chart, as Stately Studio imports it: `createMachine` takes it, and the implementations come by name.
 * Actions and guards that are functions become `{ type }`; what is computed from context or event is left out.
 */
export function chartJson(machine: AnyStateMachine): JsonObject {
  const { context: _context, ...config } = machine.config as Readonly<Record<string, unknown>>;
  return plain(config, withDescription);
}

/**
 * What the config comes to: every state with its id, every transition with its source, its targets as ids and, by its
 * place among those of one event, its rank. For drawing.
 */
export function chartDefinition(machine: AnyStateMachine): JsonObject {
  return plain(machine.definition, (value) => value);
}

/** What these compute is known only when it happens. */
const computed = new Set(["input", "output", "params"]);

function plain(value: object, complete: (part: object) => object): JsonObject {
  const text = JSON.stringify(value, (key, part: unknown) => {
    if (typeof part === "function") return computed.has(key) ? undefined : named(part);
    return typeof part === "object" && part !== null && !Array.isArray(part) ? complete(part) : part;
  });
  return JSON.parse(text) as JsonObject;
}

/** The name under which a chart shows a function: XState's own actions and guards have a type. */
function named(part: object): JsonObject {
  const { type, name, stateValue } = part as Readonly<Record<"type" | "name" | "stateValue", unknown>>;
  const shown = [type, name].find((each) => typeof each === "string" && each !== "");
  const params = stateValue === undefined ? {} : { params: { stateValue: stateValue as Json } };
  return { type: typeof shown === "string" ? shown : "inline", ...params };
}

/** Editors show `description`, where XState's charts keep theirs in `meta`. */
function withDescription(part: object): object {
  const { meta, description } = part as { readonly meta?: unknown; readonly description?: unknown };
  if (description !== undefined || typeof meta !== "object" || meta === null) return part;
  return "description" in meta ? { ...part, description: meta.description } : part;
}
