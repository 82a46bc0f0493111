// Reads the composed charts from outside: which pool, members and workers there are, and in which state each is.

import type { Actor, ActorRefFrom, SnapshotFrom } from "xstate";
import type { poolMachine } from "../../src/machines/pool/machine.js";
import { poolActorId, type supervisorMachine } from "../../src/machines/supervisor/machine.js";
import type { routerMachine } from "../../src/machines/router/machine.js";
import type { workerMachine } from "../../src/machines/worker/machine.js";

type Root = Actor<typeof supervisorMachine>;

/** The innermost state; of a condemned worker both of its regions. */
export function leafOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.values(value)
    .map((inner) => leafOf(inner))
    .join("+");
}

export function poolOf(root: Root): SnapshotFrom<typeof poolMachine> | undefined {
  return (
    root.getSnapshot().children[poolActorId("app")] as ActorRefFrom<typeof poolMachine> | undefined
  )?.getSnapshot();
}

export function routerOf(root: Root): SnapshotFrom<typeof routerMachine> | undefined {
  return (
    root.getSnapshot().children["router"] as ActorRefFrom<typeof routerMachine> | undefined
  )?.getSnapshot();
}

/** By member id, those of a generation that is being started too. */
export function workersOf(root: Root): Map<string, SnapshotFrom<typeof workerMachine>> {
  const found = new Map<string, SnapshotFrom<typeof workerMachine>>();
  const pool = poolOf(root);
  const { members, candidate } = pool?.context ?? { members: new Map<string, never>(), candidate: null };
  for (const memberId of [...members.keys(), ...(candidate?.workers.keys() ?? [])]) {
    const worker = pool?.children[memberId] as ActorRefFrom<typeof workerMachine> | undefined;
    if (worker !== undefined) found.set(memberId, worker.getSnapshot());
  }
  return found;
}

/** The chart whose process that is now. */
export function workerOf(root: Root, instance: number): SnapshotFrom<typeof workerMachine> | undefined {
  return [...workersOf(root).values()].find(({ context }) => context.instance === instance);
}
