// A call can be cancelled by its caller, or by its deadline. `ctx.signal` says so to whatever takes an AbortSignal;
// a loop asks `ctx.isCancelled`.

import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "splice-runtime/worker";

export async function wait({ ms }: { ms: number }, ctx: Context) {
  await sleep(ms, undefined, { signal: ctx.signal });
  return `waited ${String(ms)} ms in process ${String(process.pid)}`;
}

// Counts primes without ever blocking the worker for long: other calls run in between.
export async function primes({ below }: { below: number }, ctx: Context) {
  let found = 0;
  for (let n = 2; n < below && !ctx.isCancelled; n++) {
    if (isPrime(n)) found++;
    if (n % 1000 === 0) await sleep(0);
  }
  return found;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
