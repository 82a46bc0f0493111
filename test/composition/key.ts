// What tells two states of the world apart: the charts' states, what dispatch and the processes have of each call, and the
// times that are still to pass. Calls have no names in it, and the two places may change theirs: what differs in
// nothing else is one state.

import type { JournalKind } from "../../src/dispatch/journal.js";
import { config } from "./config.js";
import type { Member } from "../../src/machines/pool/members.js";
import type { World, WorldCall } from "./world.js";
import type { ScriptedProcess } from "./scripted-process.js";
import { leafOf, poolOf, routerOf, workersOf } from "./sight.js";

/** Waits in a row beyond the last of the backoff are all alike. */
const distinctBackoffs = 2;

const flags = (...all: readonly unknown[]): string => all.map((flag) => (flag === true ? "1" : "0")).join("");

export function keyOf(world: World): string {
  const both = [false, true].map((isSwapped) => render(world, isSwapped));
  return both.sort()[0] ?? "";
}

function render(world: World, isSwapped: boolean): string {
  const { root, clock, dispatcher } = world.parts;
  const supervisor = root.getSnapshot();
  const pool = poolOf(root);
  const router = routerOf(root);
  const progress = progressOf(world);
  const workers = workersOf(root);
  const labels = new Map<string, string>();
  const candidate = pool?.context.candidate ?? null;
  const started = [...(candidate?.workers ?? [])].map(([id, { workerId }]) => [id, { workerId }] as const);
  const all: (readonly [string, Partial<Member> & Pick<Member, "workerId">])[] = [
    ...(pool?.context.members ?? []),
    ...started,
  ];
  const byPlace = all.sort(([, a], [, b]) =>
    isSwapped ? compare(b.workerId, a.workerId) : compare(a.workerId, b.workerId),
  );
  for (const [memberId] of byPlace) labels.set(memberId, String(labels.size));
  const instances = new Map<number, string>();
  const members = byPlace.map(([memberId, member]) => {
    const worker = workers.get(memberId);
    const context = worker?.context;
    const process = world.parts.processes.find(({ instance }) => instance === context?.instance);
    if (context !== undefined) instances.set(context.instance, labels.get(memberId) ?? "?");
    return [
      member.phase ?? "candidate",
      (pool?.context.generation ?? 0) - (member.generation ?? 0),
      labels.get(member.successor ?? "") ?? "-",
      flags(member.worn != null, member.isCondemned, member.isKilled, member.readySinceMs != null),
      Math.min(member.restartsInRow ?? 0, distinctBackoffs),
      leafOf(worker?.value),
      flags(context?.wasAsked, context?.wasReady, context?.isLinkOpen),
      process === undefined ? "" : ofProcess(process),
      callsOf(world, progress, process ?? null),
    ].join(",");
  });
  const gate = [...dispatcher.functions][0]?.gate ?? null;
  const outcomes = gate?.outcomes.read(clock.now());
  const ready = [...(router?.context.workers.keys() ?? [])].map((instance) => instances.get(instance) ?? "?");
  const turn = ready.length === 0 ? 0 : world.sent % ready.length;
  return [
    leafOf(supervisor.value),
    leafOf(router?.value),
    leafOf(pool?.value),
    leafOf(pool?.children.reload?.getSnapshot().value),
    flags(candidate?.isLeaving, pool?.children.reload?.getSnapshot().context.isDraining),
    pool?.context.refusal?.breaker?.state ?? "",
    pool?.context.window.failedStartsInRow ?? 0,
    pool?.context.probe == null ? "" : labels.get(pool.context.probe),
    gate === null ? "" : `${gate.picture.state}${gate.probeId === 0 ? "" : "*"}`,
    outcomes === undefined ? "" : `${String(outcomes.calls)}/${String(outcomes.failures)}`,
    `${String(world.used.calls)}${String(world.used.crashes)}${String(world.used.drains)}${String(world.used.stops)}`,
    ...members,
    [...ready.slice(turn), ...ready.slice(0, turn)].join(""),
    callsOf(world, progress, undefined),
    clock.timers
      .filter(({ owner, delayMs }) => owner === "charts" && delayMs !== config.connectTimeoutMs)
      .map(({ dueMs }) => dueMs - clock.now())
      .join(","),
  ].join("|");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function ofProcess({ isSpawned, link, hasListed, hasExited, told, isExamined }: ScriptedProcess): string {
  return `${flags(isSpawned, hasListed, hasExited, isExamined)}${link}${told}`;
}

/** How far each call is, and since when, as far as that still matters; "" once it is over. */
export function progressOf({ parts: { journal, clock } }: World): Map<number, string> {
  const entries = new Map<number, Map<JournalKind, number>>();
  for (const { kind, callId, atMs } of journal.entries()) {
    const own = entries.get(callId) ?? new Map<JournalKind, number>();
    entries.set(callId, own.set(kind, clock.now() - atMs));
  }
  const progress = new Map<number, string>();
  for (const [callId, ages] of entries) {
    const arrived = ages.get("enqueue") ?? ages.get("accept");
    const settled = ages.get("settle");
    const kinds = [...ages.keys()].filter((kind) => kind !== "enqueue" || !ages.has("accept")).join();
    const times = settled === undefined ? [arrived, ages.get("cancel")] : [settled];
    const isOver = ages.has("release") || ages.has("reject");
    progress.set(callId, isOver ? "" : `${kinds}@${times.join("/")}`);
  }
  return progress;
}

/** `process` undefined: of those that no process has. */
function callsOf(
  world: World,
  progress: ReadonlyMap<number, string>,
  process: ScriptedProcess | null | undefined,
): string {
  if (process === null) return "";
  const own = (call: WorldCall): boolean =>
    process === undefined
      ? call.process === null || !world.parts.processes.includes(call.process)
      : call.process === process;
  return world.calls
    .filter(own)
    .map((call) => {
      const text = progress.get(call.callId) ?? "";
      if (text === "") return "";
      return `${text}${flags(process?.open.has(call.callId), call.isCancelled)}`;
    })
    .filter((text) => text !== "")
    .sort()
    .join(";");
}
