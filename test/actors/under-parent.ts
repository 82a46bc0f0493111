// Runs one actor under a parent that collects what it reports, as a worker machine would hear it.

import { createActor, createMachine, type AnyActorLogic, type AnyEventObject } from "xstate";
import { afterEach } from "@jest/globals";
import { ChildProcess } from "node:child_process";
import { noGuard } from "../../src/actors/guard-link.js";
import type { ProcessEntry, ProcessRegistry } from "../../src/actors/process-registry.js";
import { workerId, type InstanceId } from "../../src/ids.js";
import type { InstanceInput } from "../../src/machines/worker/context.js";
import type { ByteDuplex } from "../../src/transport/duplex.js";

export interface Running {
  readonly facts: AnyEventObject[];
  readonly types: string[];
  send(event: AnyEventObject): void;
  stop(): void;
  /** Resolves with the first fact of that type. */
  heard(type: string): Promise<AnyEventObject>;
}

export const instanceInput = (instance = 1): InstanceInput => ({
  instance: instance as InstanceId,
  workerId: workerId("app", instance),
  pool: "app",
  generation: 1,
});

export function runUnderParent(logic: AnyActorLogic, input: unknown): Running {
  const facts: AnyEventObject[] = [];
  const waiting: { type: string; resolve: (fact: AnyEventObject) => void }[] = [];
  const machine = createMachine({
    invoke: { id: "child", src: logic, input: () => input },
    on: {
      "*": {
        actions: ({ event }) => {
          facts.push(event);
          for (const each of waiting) if (each.type === event.type) each.resolve(event);
        },
      },
    },
  });
  const parent = createActor(machine).start();
  return {
    facts,
    get types() {
      return facts.map((fact) => fact.type);
    },
    send(event) {
      parent.getSnapshot().children["child"]?.send(event);
    },
    stop: () => {
      parent.stop();
    },
    heard: (type) => {
      const known = facts.find((fact) => fact.type === type);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => waiting.push({ type, resolve }));
    },
  };
}

const played: (() => void)[] = [];
afterEach(() => {
  for (const forget of played.splice(0)) forget();
});

/** An entry for a process that is only played: it has no pid, so no signal can leave. */
export function playedEntry(
  registry: ProcessRegistry,
  link: Promise<ByteDuplex>,
  instance = 1,
): ProcessEntry {
  const entry: ProcessEntry = {
    ...instanceInput(instance),
    startedAtMs: 0,
    child: new ChildProcess(),
    link,
    guard: noGuard,
    outbox: null,
    capabilities: 0,
    isInService: false,
    tell: () => undefined,
    onHealthStatus: null,
  };
  registry.add(entry);
  played.push(() => {
    registry.remove(entry.instance);
  });
  return entry;
}
