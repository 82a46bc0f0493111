// A worker process that was started before it was needed: it loads the runtime and its guard, then waits on stdin to be
// told what it runs. Its supervisor's end is its own, by its guard and by the end of stdin. It loads no function.

import { spareFlag, type SpareOrders } from "../contract/spare.js";
import { startGuard, type Guard } from "./guard.js";
import { importRest } from "./rest.js";

export function isSpare(argv: readonly string[]): boolean {
  return argv[2] === spareFlag;
}

/** Resolves when it is to be a worker, with its arguments and its environment in place; null: nobody needs it any more. */
export async function bootSpare(
  env: NodeJS.ProcessEnv,
  onUnguarded: (reason: string) => void,
): Promise<{ readonly guard: Guard | undefined } | null> {
  const fd = env["SPLICE_GUARD_FD"];
  const guard = fd === undefined ? undefined : startGuard(Number(fd), null, onUnguarded);
  const ordered = readOrders();
  await importRest();
  const orders = await ordered;
  if (orders === null) return null;
  process.argv.splice(2, Infinity, ...orders.args);
  Object.assign(env, orders.env);
  return { guard };
}

/** Null when stdin ended without any: nobody needs it any more. */
async function readOrders(): Promise<SpareOrders | null> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const part of process.stdin) text += String(part);
  return text === "" ? null : (JSON.parse(text) as SpareOrders);
}
