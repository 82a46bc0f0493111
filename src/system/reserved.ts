// The supervisor's own functions, "splice.*": one table, the same for hosts and for the embedding program. They stand
// outside dispatch, so no limit, breaker or drain counts them. Knows the system, but neither sockets nor promises.

import type { CallFailure } from "../dispatch/call.js";
import * as failures from "../dispatch/failures.js";
import { nearNames } from "../contract/near-names.js";
import { describeValue, messageOf } from "../errors.js";
import { carriesInput } from "../protocol/context.js";
import { decodeValue, encodeValue } from "../protocol/values.js";
import { StreamSource } from "./reserved-stream.js";
import { eventsFrom, linesFrom } from "./reserved-streams.js";
import type { System } from "./system.js";

/** What a reserved function came to: an encoded result, now or later, a stream to be opened, or a failure in the wire's terms. */
export type ReservedAnswer =
  | { readonly ok: true; readonly result: Uint8Array }
  | { readonly ok: true; readonly source: StreamSource }
  /** The encoded result, when it is there. */
  | { readonly ok: true; readonly later: Promise<Uint8Array> }
  | { readonly ok: false; readonly failure: CallFailure };

/** Answers a reserved call. */
export type RunReserved = (
  functionName: string,
  params: Uint8Array,
  timeoutMs: number | undefined,
  contextBytes: Uint8Array,
) => ReservedAnswer;

export interface ReservedPorts {
  readonly system: System;
  /** Brings the whole of it down: what `close` does for whoever holds the handle. */
  readonly stop: (drainMs: number | undefined) => void;
}

type Params = Readonly<Record<string, unknown>>;

interface ReservedFunction {
  /** The keys it takes; any other is a misfit. */
  readonly keys: readonly string[];
  run(params: Params, ports: ReservedPorts): unknown;
}

const noValue = new Uint8Array(0);

const table: Readonly<Record<string, ReservedFunction>> = {
  "splice.status": { keys: [], run: (_, { system }) => system.status() },
  "splice.drain": {
    keys: [],
    run: (_, { system }) => {
      system.drain();
    },
  },
  "splice.stop": {
    keys: ["drainMs"],
    run: ({ drainMs }, ports) => {
      ports.stop(drainMs === undefined ? undefined : waitMs("params.drainMs", drainMs));
    },
  },
  "splice.kill": {
    keys: ["worker"],
    run: ({ worker }, { system }) => {
      if (typeof worker === "string" && system.kill(worker)) return;
      const ids = system.status().pools.flatMap((pool) => pool.workers.map(({ id }) => id));
      throw new Misfit("params.worker", worker, `one of the workers ${ids.join(", ")}`);
    },
  },
  "splice.reload": { keys: ["pool", "wait"], run: reload },
  "splice.why": { keys: ["requestId"], run: ({ requestId }, { system }) => system.why(numberOf(requestId)) },
  "splice.breaker": { keys: ["pool", "function", "action"], run: commandBreaker },
  "splice.events": { keys: [], run: (_, { system }) => eventsFrom(system.eventFeed, system.clock) },
  "splice.inspect": { keys: [], run: (_, { system }) => system.inspect() },
  "splice.logs": {
    keys: ["follow", "tail"],
    run: ({ follow = false, tail = Infinity }, { system }) => {
      if (typeof follow !== "boolean") throw new Misfit("params.follow", follow, "true or false");
      return linesFrom(system.log.lines, system.clock, countOf("params.tail", tail), follow);
    },
  },
};

function reload({ pool, wait = false }: Params, { system }: ReservedPorts): Promise<unknown> {
  if (typeof wait !== "boolean") throw new Misfit("params.wait", wait, "true or false");
  const reloading = pool === undefined || typeof pool === "string" ? system.reload(pool, wait) : false;
  if (reloading !== false) return reloading;
  const names = system.status().pools.map((each) => each.name);
  throw new Misfit("params.pool", pool, `one of the pools ${names.join(", ")}`);
}

function numberOf(requestId: unknown): number | bigint {
  if (typeof requestId === "bigint" && requestId >= 0n) return requestId;
  if (typeof requestId === "number" && Number.isSafeInteger(requestId) && requestId >= 0) return requestId;
  throw new Misfit("params.requestId", requestId, "the number of a call");
}

function commandBreaker({ pool, function: name, action }: Params, { system }: ReservedPorts): void {
  if (action !== "trip" && action !== "reset") throw new Misfit("params.action", action, '"trip" or "reset"');
  if (pool !== undefined) {
    if (name !== undefined) throw new Misfit("params.function", name, "left out where there is a pool");
    if (typeof pool === "string" && system.commandPoolBreaker(pool, action)) return;
    const names = system.status().pools.map((each) => each.name);
    throw new Misfit("params.pool", pool, `one of the pools ${names.join(", ")}`);
  }
  if (typeof name === "string" && system.commandBreaker(name, action)) return;
  const near =
    typeof name === "string"
      ? nearNames(
          name,
          system.dispatcher.exports().map((each) => each.name),
        )
      : [];
  const hint = near.length > 0 ? ` such as ${near.join(" or ")}` : "";
  throw new Misfit("params.function", name, `the name of an exported function${hint}`);
}

export function createReserved(ports: ReservedPorts): RunReserved {
  return (functionName, params, timeoutMs, contextBytes) => {
    const { closedReason } = ports.system.dispatcher;
    if (closedReason !== null) {
      return refused(
        failures.unavailable(closedReason, `The supervisor takes no calls: it is ${closedReason}.`),
      );
    }
    const reserved = Object.hasOwn(table, functionName) ? table[functionName] : undefined;
    if (reserved === undefined) return refused(failures.functionNotFound(functionName, Object.keys(table)));
    if (carriesInput(contextBytes)) return refused(failures.reservedTakesNoInput(functionName));
    if (timeoutMs !== undefined && timeoutMs <= 0)
      return refused(failures.noTimeLeft(functionName, timeoutMs));
    try {
      const value = reserved.run(readParams(params, reserved.keys), ports);
      if (value instanceof StreamSource) return { ok: true, source: value };
      if (value instanceof Promise) return { ok: true, later: value.then(encodeValue) };
      return { ok: true, result: value === undefined ? noValue : encodeValue(value) };
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      return refused(failures.invalidParams(functionName, error.path, error.message));
    }
  };
}

/** Params that do not fit: the path, and as the message what is wrong there. */
class Misfit extends Error {
  constructor(
    readonly path: string,
    value: unknown,
    expected: string,
  ) {
    super(`is ${describeValue(value)}, but must be ${expected}.`);
  }
}

function readParams(bytes: Uint8Array, keys: readonly string[]): Params {
  let value: unknown;
  try {
    value = decodeValue(bytes, "params") ?? {};
  } catch (error) {
    throw new Misfit("params", "undecodable", `a map of parameters (${messageOf(error)})`);
  }
  if (!isMap(value)) throw new Misfit("params", value, "a map of parameters");
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    const known = keys.length === 0 ? "it takes no parameters" : `it takes ${keys.join(", ")}`;
    throw new Misfit(`params.${key}`, value[key], `left out: ${known}`);
  }
  return value;
}

function isMap(value: unknown): value is Params {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Date)
  );
}

function waitMs(path: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new Misfit(path, value, "a number of milliseconds, 0 or more");
}

function countOf(path: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && (Number.isInteger(value) || value === Infinity))
    return value;
  throw new Misfit(path, value, "a whole number of lines, 0 or more");
}

function refused(failure: CallFailure): ReservedAnswer {
  return { ok: false, failure };
}
