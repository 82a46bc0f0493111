// What is told of a run that failed: the smallest of its like that could be found, how it is played again, and what came
// before the end.

import { faultKinds, type FaultKind } from "./faults.js";
import { Observer } from "./observer.js";
import { play, type Played, type PlayOptions } from "./play.js";

/** Told of a single seed, for whoever follows one. */
const shownEvents = 400;

/** The same fault with fewer kinds of faults, then with fewer calls. */
async function shrink(seed: number, first: Played): Promise<{ options: PlayOptions; played: Played }> {
  let options: PlayOptions = {};
  let played = first;
  const isSame = ({ error }: Played): boolean => wordsOf(error) === wordsOf(first.error);
  const attempt = async (smaller: PlayOptions): Promise<boolean> => {
    const again = await play(seed, { ...smaller, inspect: new Observer().watch() });
    if (!isSame(again)) return false;
    options = smaller;
    played = again;
    return true;
  };
  const without: FaultKind[] = faultKinds.filter((kind) => !first.world.faults.rates.has(kind));
  for (const kind of first.world.faults.rates.keys())
    if (await attempt({ without: [...without, kind] })) without.push(kind);
  for (let calls = 100; calls >= 1; calls = Math.floor(calls / 2))
    if (!(await attempt({ ...options, maxCalls: calls }))) break;
  return { options, played };
}

/** What an error says apart from its numbers, of a list the first. */
function wordsOf(error: unknown): string {
  const [first = "", second = ""] = messageOf(error).split("\n");
  return `${first} ${second}`.replace(/\d+/g, "n");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export async function tellFailure(failed: Played): Promise<string> {
  const { seed } = failed;
  const { options, played } = await shrink(seed, failed);
  const { sim, faults, config, history, executions } = played.world;
  const kinds = [...faults.rates].map(([kind, rate]) => `${kind} ${rate.toFixed(3)}`);
  const stack = played.error instanceof Error ? played.error.stack : String(played.error);
  const events = history.slice(-shownEvents).map((event) => JSON.stringify(event, exact));
  return [
    `Seed ${String(seed)} failed: ${messageOf(failed.error)}`,
    `Again, with its whole trace in .splice/simulation: SPLICE_SEED=${String(seed)} npm run sim`,
    `Shrunk to ${kinds.length === 0 ? "no faults" : kinds.join(", ")}; calls ${String(options.maxCalls ?? "all")}. Then: ${messageOf(played.error)}`,
    `Pools ${JSON.stringify(config.pools)}, limits ${JSON.stringify(config.limits)}`,
    "Trace, the last lines:",
    ...sim.trace.map((line) => `  ${line}`),
    "What the hosts did and got, the last events:",
    ...events.map((line) => `  ${line}`),
    `Functions that ran: ${executions.map(({ kind, key, pid }) => `${kind} ${key} in ${String(pid)}`).join(", ")}`,
    stack ?? "",
  ].join("\n");
}

function exact(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
