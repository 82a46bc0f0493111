// What every contender runs in its workers while they are killed and overloaded.

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";

/** Process and thread: a contender with threads has one process for all of them. */
const self = `${process.pid}:${threadId}`;

export function echo(params) {
  return params;
}

/** Who answers; slow enough for several workers to answer when several are asked at once. */
export async function who() {
  await sleep(20);
  return self;
}

/** Waits. With a `log` it first notes down the call's key and who runs it, in one write that survives SIGKILL. */
export async function rest({ ms, log, key }) {
  if (log !== undefined) appendFileSync(log, `${key} ${self}\n`);
  await sleep(ms);
  return self;
}

/** Computes: nothing else runs in this worker meanwhile. */
export function burn({ ms }) {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return true;
}

/** The end of this worker, for contenders whose workers are threads and have no process to kill. */
export function die({ log }) {
  if (log !== undefined) appendFileSync(log, `die ${self}\n`);
  process.exit(9);
}
