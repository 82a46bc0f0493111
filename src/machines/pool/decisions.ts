// What a pool does about each thing that happens to it: the context and the event go in, a step comes out. Pure; the
// chart says in which state which of these is asked, and carries the step out.

import { memberIdOf, workerId, type WorkerId } from "../../ids.js";
import type { BreakerCommand, BreakerFact, BreakerPicture } from "../breaker/events.js";
import type { ReloadEvent } from "../reload/events.js";
import type { PoolOutlook, PoolRefusal } from "../router/route-table.js";
import type { WorkerCommand, WorkerReport } from "../worker/events.js";
import { closed, noWorker, type PoolContext, type PoolInput } from "./context.js";
import type { PoolReport } from "./events.js";
import {
  condemnedTooMany,
  hasProcess,
  newMember,
  nextToRecycle,
  outlookOf,
  predecessorOf,
  withMember,
  withoutMember,
  type MemberPhase,
  type Members,
} from "./members.js";
import { emptyWindow, excessOf, isToReturn, nextRestart, withEnd } from "./restart.js";

type Changes = Partial<Omit<PoolContext, keyof PoolInput>>;

interface NewWorker {
  readonly memberId: string;
  readonly workerId: WorkerId;
  readonly generation: number;
  /** It is ready only when it has answered a health check. */
  readonly isToProve?: boolean;
}

/** Carried out in this order. */
export interface Step {
  readonly change: Changes;
  /** New workers, by their member ids. */
  readonly spawn?: readonly NewWorker[];
  readonly report?: readonly PoolReport[];
  readonly tell?: readonly (readonly [memberId: string, command: WorkerCommand])[];
  readonly breaker?: readonly (BreakerFact | BreakerCommand)[];
  readonly reload?: readonly ReloadEvent[];
  /** Members that are gone for good. */
  readonly drop?: readonly string[];
}

type Of<Type extends WorkerReport["type"]> = Extract<WorkerReport, { type: Type }>;

/** What calls have to expect of these members. While the breaker is open, none that ends is started again. */
export function outlookFor({ plan }: PoolContext, members: Members, refusal: PoolOutlook): PoolOutlook {
  return outlookOf(members, refusal, plan.restartType !== "temporary" && refusal?.breaker === undefined);
}

function outlookReport(context: PoolContext, members: Members, refusal: PoolOutlook = noWorker): PoolReport {
  const { name } = context.plan;
  return { type: "outlook.changed", pool: name, outlook: outlookFor(context, members, refusal) };
}

/** A worker for every place: new ones at first, later those that were stopped, whose past still counts. */
export function startAll(context: PoolContext): Step {
  const { plan, generation } = context;
  let members: Members = new Map();
  if (context.members.size > 0) {
    for (const id of context.members.keys()) members = withFreshMember(context, members, id);
    const tell = [...members.keys()].map((id) => [id, { type: "worker.start", delayMs: 0 }] as const);
    return { change: { members, refusal: noWorker }, report: [outlookReport(context, members)], tell };
  }
  const places = Array.from({ length: plan.workers }, (_, index) => workerId(plan.name, index + 1));
  members = new Map(places.map((id) => [id as string, newMember(id, generation)]));
  return {
    change: { members, made: plan.workers, refusal: noWorker },
    spawn: places.map((id) => ({ memberId: id, workerId: id, generation })),
    report: [outlookReport(context, members)],
  };
}

function withFreshMember(context: PoolContext, members: Members, id: string): Members {
  const old = context.members.get(id);
  if (old === undefined) return members;
  const { workerId: place, generation, restartsInRow } = old;
  return new Map(members).set(id, { ...newMember(place, generation), restartsInRow });
}

/** It may get calls, unless the supervisor refuses it; what follows from its start waits for that word. */
export function ready(context: PoolContext, event: Of<"worker.ready">): Step {
  const change = { phase: "ready", readySinceMs: context.clock.now() } as const;
  const members = withMember(context.members, event.memberId, change);
  return {
    change: { members, hasServed: true },
    report: [{ ...event, outlook: outlookFor(context, members, context.refusal) }],
  };
}

/** Its start has succeeded; whoever it follows is told to go. */
export function accepted(context: PoolContext, memberId: string): Step {
  const { members } = context;
  if (members.get(memberId)?.phase !== "ready") return { change: {} };
  const predecessor = predecessorOf(members, memberId);
  const isToldToGo = predecessor !== null && members.get(predecessor)?.isCondemned === false;
  const isProbe = context.probe === memberId;
  return {
    change: {
      window: { ...context.window, failedStartsInRow: 0 },
      probe: isProbe ? null : context.probe,
    },
    tell: isToldToGo ? [[predecessor, { type: "worker.drain", drainMs: context.drainMs }]] : [],
    breaker: isProbe ? [{ type: "probe.succeeded" }] : [],
  };
}

export function withdrawn(context: PoolContext, event: Of<"worker.withdrawn">): Step {
  const members = withMember(context.members, event.memberId, { phase: "ending" });
  return {
    change: { members },
    report: [{ ...event, outlook: outlookFor(context, members, context.refusal) }],
  };
}

/** The next process of a member has been ready for no time, is not worn, and owes no answer. */
const anew = { readySinceMs: null, worn: null, isCondemned: false, isKilled: false } as const;

/** While the pool serves; `mayStart` is false while its breaker lets nothing be started. */
export function exited(context: PoolContext, event: Of<"worker.exited">, mayStart: boolean): Step {
  const { memberId, exit } = event;
  const member = context.members.get(memberId);
  if (member === undefined) return { change: {} };
  const { restart, clock, plan } = context;
  const counts = !exit.wasAsked && !context.isExcused(event.instance);
  const window = counts ? withEnd(restart, context.window, clock.now(), exit.wasReady) : context.window;
  const why = counts && mayStart ? excessOf(restart, window) : null;
  const crossed: BreakerFact[] =
    why === null ? [] : [{ type: "threshold.crossed", reason: "breaker-open", why }];
  if (member.successor !== null) {
    const members = withoutMember(context.members, memberId);
    const outlook = outlookFor(context, members, context.refusal);
    const left: Step = {
      change: { members, window },
      report: [{ ...event, isToReturn: false, outlook }],
      breaker: crossed,
      drop: [memberId],
    };
    return why === null && mayStart ? withRecycling(context, left) : left;
  }
  // Whoever it was to follow is still there: its start is tried again, as nobody's place is filled anew by that.
  const isFollower = !exit.wasReady && predecessorOf(context.members, memberId) !== null;
  if (!isFollower && !isToReturn(plan.restartType, exit))
    return stayDown(context, event, "gone", { window }, crossed);
  if (context.probe === memberId) {
    return stayDown(context, event, "down", { window, probe: null }, [
      { type: "probe.failed", why: `worker ${event.workerId} ${exit.how}` },
    ]);
  }
  if (!mayStart) return stayDown(context, event, "down", { window }, []);
  if (why !== null) {
    const members = withMember(context.members, memberId, { phase: "down", ...anew });
    // What calls have to expect is told by the breaker, in this very tick and with its reason.
    return {
      change: { members, window },
      report: [{ ...event, isToReturn: true, outlook: null }],
      breaker: crossed,
    };
  }
  const { delayMs, restartsInRow } = nextRestart(restart, member, clock.now(), context.random);
  const change = { phase: "starting", restartsInRow, ...anew } as const;
  const members = withMember(context.members, memberId, change);
  return {
    change: { members, window },
    report: [{ ...event, isToReturn: !exit.wasAsked, outlook: null }],
    tell: [[memberId, { type: "worker.start", delayMs }]],
  };
}

function stayDown(
  context: PoolContext,
  event: Of<"worker.exited">,
  phase: "down" | "gone",
  change: Changes,
  breaker: readonly BreakerFact[],
): Step {
  const members = withMember(context.members, event.memberId, { phase, ...anew });
  const outlook = outlookFor(context, members, context.refusal);
  return { change: { ...change, members }, report: [{ ...event, isToReturn: false, outlook }], breaker };
}

/** It gets no calls any more and will be killed before long; its place must not wait for that. */
export function condemned(context: PoolContext, event: Of<"worker.condemned">, mayStart: boolean): Step {
  const { memberId, workerId: id } = event;
  const member = context.members.get(memberId);
  if (member === undefined) return { change: {} };
  const { generation } = context;
  const isToFollow = member.successor === null && mayStart && context.plan.restartType !== "temporary";
  const successor = isToFollow ? memberIdOf(id, context.made + 1) : member.successor;
  // The newest of the condemned goes to the end of the map, so that the first is the one that has been one for longest.
  let members: Members = new Map(withoutMember(context.members, memberId)).set(memberId, {
    ...member,
    isCondemned: true,
    successor,
  });
  if (isToFollow && successor !== null) members = new Map(members).set(successor, newMember(id, generation));
  const oldest = condemnedTooMany(members, context.plan.workers);
  if (oldest !== null) members = withMember(members, oldest, { isKilled: true });
  return {
    change: { members, made: context.made + (isToFollow ? 1 : 0) },
    spawn: isToFollow && successor !== null ? [{ memberId: successor, workerId: id, generation }] : [],
    report: [event, outlookReport(context, members, context.refusal)],
    tell:
      oldest === null ? [] : [[oldest, { type: "worker.kill", reason: "a further worker was condemned" }]],
  };
}

/** It has done its share: a successor is started when there is room for one and the breaker lets it. */
export function worn(context: PoolContext, event: Of<"worker.worn">, mayStart: boolean): Step {
  const member = context.members.get(event.memberId);
  if (member === undefined || member.worn !== null || member.successor !== null) return { change: {} };
  const members = withMember(context.members, event.memberId, { worn: event.reason });
  return mayStart ? withRecycling(context, { change: { members } }) : { change: { members } };
}

/** With a successor for each worn member that may be replaced now. */
function withRecycling(context: PoolContext, step: Step): Step {
  const members = step.change.members ?? context.members;
  const next = nextToRecycle(members, context.plan.workers);
  const member = next === null ? undefined : members.get(next);
  if (next === null || member === undefined) return step;
  const { generation } = context;
  const made = (step.change.made ?? context.made) + 1;
  const successor = memberIdOf(member.workerId, made);
  const changed = withMember(members, next, { successor });
  return withRecycling(context, {
    ...step,
    change: {
      ...step.change,
      members: new Map(changed).set(successor, newMember(member.workerId, generation)),
      made,
    },
    spawn: [...(step.spawn ?? []), { memberId: successor, workerId: member.workerId, generation }],
  });
}

/** What it exports cannot be had. As its time of being ready is forgotten, its start counts as failed. */
export function refuse(context: PoolContext, memberId: string, reason: string): Step {
  const members = withMember(context.members, memberId, { readySinceMs: null });
  if (!members.has(memberId)) return { change: {} };
  return { change: { members }, tell: [[memberId, { type: "worker.refuse", reason }]] };
}

/** Nothing is started any more, until the breaker says so; starts that only wait are called off. */
export function tripped(context: PoolContext, picture: BreakerPicture): Step {
  const refusal = refusalBy(picture);
  const starting = [...context.members].filter(([, { phase }]) => phase === "starting").map(([id]) => id);
  return {
    change: { refusal, probe: null },
    report: [
      breakerReport(context, "breaker.opened", picture),
      outlookReport(context, context.members, refusal),
    ],
    tell: starting.map((id) => [id, { type: "worker.hold" }] as const),
  };
}

function refusalBy({ reason, why, state, sinceWallMs, probeAtMs }: BreakerPicture): PoolRefusal {
  return {
    reason,
    why: `starts no workers, because ${why}`,
    retryAtMs: probeAtMs,
    breaker: { state, sinceWallMs },
  };
}

/** Tripped by hand, which nothing but a reset by hand undoes. */
export function isHeld({ refusal }: PoolContext): boolean {
  return refusal?.breaker?.state === "forcedOpen";
}

/** While the pool is not in service: it holds the next start, and nothing that is on its way. */
export function trippedMeanwhile(context: PoolContext, picture: BreakerPicture): Step {
  const refusal = context.refusal === closed ? closed : refusalBy(picture);
  return {
    change: { refusal },
    report: [
      breakerReport(context, "breaker.opened", picture),
      outlookReport(context, context.members, refusal),
    ],
  };
}

/** `next` is what calls have to expect of a pool that nothing holds any more. */
export function closedMeanwhile(context: PoolContext, picture: BreakerPicture, next: PoolOutlook): Step {
  const refusal = context.refusal === closed ? closed : next;
  return {
    change: { refusal },
    report: [
      breakerReport(context, "breaker.closed", picture),
      outlookReport(context, context.members, refusal),
    ],
  };
}

/** One worker is started, unless one is on its way still, and the breaker watches what becomes of it. */
export function probe(context: PoolContext, picture: BreakerPicture): Step {
  const report = breakerReport(context, "breaker.halfOpened", picture);
  const firstThatIs = (wanted: MemberPhase) =>
    [...context.members].find(([, { phase }]) => phase === wanted)?.[0];
  const found = firstThatIs("down");
  if (found === undefined) {
    const onItsWay = firstThatIs("starting");
    if (onItsWay !== undefined)
      return { change: { probe: onItsWay }, report: [report], breaker: [{ type: "probe.started" }] };
    // Those that have come up since it opened have held so far; those that are gone are not started by anybody.
    return {
      change: {},
      report: [report],
      breaker: [{ type: "breaker.reset", why: "none of its workers is down" }],
    };
  }
  const members = withMember(context.members, found, { phase: "starting" });
  return {
    change: { members, probe: found },
    report: [report, outlookReport(context, members, context.refusal)],
    tell: [[found, { type: "worker.start", delayMs: 0 }]],
    breaker: [{ type: "probe.started" }],
  };
}

/** All that waited for the breaker are started or replaced; what happened before counts no more. */
export function resumed(context: PoolContext, picture: BreakerPicture): Step {
  const down = [...context.members].filter(([, { phase }]) => phase === "down").map(([id]) => id);
  let { members } = context;
  for (const id of down) members = withMember(members, id, { phase: "starting", restartsInRow: 0 });
  return withRecycling(context, {
    change: { members, window: emptyWindow, refusal: noWorker, probe: null },
    report: [breakerReport(context, "breaker.closed", picture), outlookReport(context, members)],
    tell: down.map((id) => [id, { type: "worker.start", delayMs: 0 }] as const),
  });
}

function breakerReport(
  { plan }: PoolContext,
  type: "breaker.opened" | "breaker.halfOpened" | "breaker.closed",
  picture: BreakerPicture,
): PoolReport {
  return { type, pool: plan.name, picture };
}

/**
 * A pool that is to return begins with a closed breaker, as a supervisor does that its own supervisor starts anew; its
 * window goes on. One that was tripped by hand stays so.
 */
export function stopAll(context: PoolContext, drainMs: number, isToReturn: boolean): Step {
  const command: WorkerCommand = drainMs > 0 ? { type: "worker.drain", drainMs } : { type: "worker.stop" };
  const toReturn = isHeld(context) ? context.refusal : null;
  const refusal = isToReturn ? toReturn : closed;
  return {
    change: { refusal, probe: null },
    report: [{ type: "outlook.changed", pool: context.plan.name, outlook: refusal }],
    tell: [...context.members.keys()].map((id) => [id, command] as const),
    breaker: refusal === null ? [{ type: "breaker.reset", why: "the strategy has it started anew" }] : [],
  };
}

export function killAll(context: PoolContext, reason: string): Step {
  return {
    change: {},
    tell: [...context.members.keys()].map((id) => [id, { type: "worker.kill", reason }] as const),
  };
}

/** While the pool stops: nothing is due on account of its workers. */
export function withdrawnForGood({ refusal }: PoolContext, event: Of<"worker.withdrawn">): Step {
  return { change: {}, report: [{ ...event, outlook: refusal }] };
}

export function exitedForGood(context: PoolContext, event: Of<"worker.exited">): Step {
  const { memberId } = event;
  const report = [{ ...event, isToReturn: false, outlook: context.refusal }];
  const member = context.members.get(memberId);
  if (member === undefined) return { change: {} };
  if (member.successor !== null)
    return { change: { members: withoutMember(context.members, memberId) }, report, drop: [memberId] };
  return { change: { members: withMember(context.members, memberId, { phase: "down" }) }, report };
}

export function areAllDown({ members, candidate }: PoolContext): boolean {
  return candidate === null && ![...members.values()].some(hasProcess);
}
