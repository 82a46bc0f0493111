// The workers of one pool as their pool counts them: who is where, who follows whom, and what a call that finds none
// ready has to expect. Pure; a change of a member is a new map.

import type { WorkerId } from "../../ids.js";
import type { PoolOutlook } from "../router/route-table.js";
import type { RestartHistory } from "./restart.js";

/**
 * `starting`: a process of it is coming, at once or after a wait. `ready`: it may get calls. `ending`: withdrawn, its
 * process still lives. `down`: it has no process, and waits until one may be started. `gone`: it has none and gets none.
 */
export type MemberPhase = "starting" | "ready" | "ending" | "down" | "gone";

export interface Member extends RestartHistory {
  readonly workerId: WorkerId;
  /** Which build of the pool it runs, also after a restart. */
  readonly generation: number;
  readonly phase: MemberPhase;
  /** The one that takes its place, where it is to go: it is not started again. */
  readonly successor: string | null;
  /** It is to go when there is room for a successor, for this reason. */
  readonly worn: string | null;
  readonly isCondemned: boolean;
  /** It was told to be killed, as a further one was condemned, and is dying. */
  readonly isKilled: boolean;
}

export type Members = ReadonlyMap<string, Member>;

export function newMember(workerId: WorkerId, generation: number): Member {
  return {
    workerId,
    generation,
    phase: "starting",
    restartsInRow: 0,
    readySinceMs: null,
    successor: null,
    worn: null,
    isCondemned: false,
    isKilled: false,
  };
}

export function withMember(members: Members, memberId: string, change: Partial<Member>): Members {
  const member = members.get(memberId);
  return member === undefined ? members : new Map(members).set(memberId, { ...member, ...change });
}

export function withoutMember(members: Members, memberId: string): Members {
  return new Map([...members].filter(([other]) => other !== memberId));
}

export function hasProcess({ phase }: Member): boolean {
  return phase !== "down" && phase !== "gone";
}

/**
 * Null, to wait, while a process is coming or one that ends is about to be replaced; else `refusal`. `isToReturn`: those
 * that end are started again.
 */
export function outlookOf(members: Members, refusal: PoolOutlook, isToReturn: boolean): PoolOutlook {
  for (const { phase, successor } of members.values()) {
    if (phase === "starting" || (isToReturn && phase === "ending" && successor === null)) return null;
  }
  return refusal;
}

/** The one that `memberId` is to take the place of, if there is one. */
export function predecessorOf(members: Members, memberId: string): string | null {
  for (const [id, { successor }] of members) if (successor === memberId) return id;
  return null;
}

/**
 * The next worn member that may be replaced now: at most a quarter of the pool, but one in any case, is between being
 * told to go and being gone.
 */
export function nextToRecycle(members: Members, workers: number): string | null {
  let leaving = 0;
  let found: string | null = null;
  for (const [id, { worn, successor, isCondemned }] of members) {
    if (worn === null || isCondemned) continue;
    if (successor !== null) leaving += 1;
    else found ??= id;
  }
  return leaving < Math.max(1, Math.floor(workers / 4)) ? found : null;
}

/** The condemned member that has been one for longest, where more of them than `most` are left to live. */
export function condemnedTooMany(members: Members, most: number): string | null {
  const condemned = [...members].filter(
    ([, member]) => member.isCondemned && !member.isKilled && hasProcess(member),
  );
  return condemned.length > most ? (condemned[0]?.[0] ?? null) : null;
}
