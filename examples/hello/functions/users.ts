// The second argument of every function is the Context of the call: who calls, with which headers, how much time
// is left, and a log whose lines the supervisor writes with the name of the worker and the number of the call.

import { type Context, currentContext } from "splice-runtime/worker";

export function whoami(_params: object, ctx: Context) {
  if (ctx.userId === null) throw new Error("Nobody is logged in.");
  ctx.log.info("somebody asked who they are", { user: ctx.userId });
  return { user: ctx.userId, isAdmin: ctx.hasRole("admin"), language: ctx.header("accept-language") ?? "en" };
}

// Code further down need not be handed the Context: `currentContext()` finds it.
export function greet({ name }: { name: string }) {
  return `Hello ${name}, ${remaining()}.`;
}

function remaining(): string {
  const { remainingMs } = currentContext();
  return remainingMs === Infinity ? "take your time" : `you have ${String(Math.round(remainingMs / 1000))} s`;
}
