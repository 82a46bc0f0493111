// The workers of one pool as their pool counts them: who is where, and what a call that finds none ready has to expect.
// Pure; a change of a member is a new map.

import type { WorkerId } from "../../ids.js";
import type { PoolOutlook, PoolRefusal } from "../router/route-table.js";
import type { RestartHistory } from "./restart.js";

/**
 * `starting`: a process of it is coming, at once or after a wait. `ready`: it may get calls. `ending`: withdrawn, its
 * process still lives. `down`: it has no process, and none is coming.
 */
export type MemberPhase = "starting" | "ready" | "ending" | "down";

export interface Member extends RestartHistory {
  readonly workerId: WorkerId;
  readonly phase: MemberPhase;
}

export type Members = ReadonlyMap<string, Member>;

export function withMember(members: Members, memberId: string, change: Partial<Member>): Members {
  const member = members.get(memberId);
  return member === undefined ? members : new Map(members).set(memberId, { ...member, ...change });
}

export function areAllDown(members: Members): boolean {
  return [...members.values()].every(({ phase }) => phase === "down");
}

/** Null, to wait, while a process is coming or one that ended is about to be replaced; else `refusal`. */
export function outlookOf(members: Members, refusal: PoolRefusal): PoolOutlook {
  const isDue = [...members.values()].some(({ phase }) => phase === "starting" || phase === "ending");
  return isDue ? null : refusal;
}
