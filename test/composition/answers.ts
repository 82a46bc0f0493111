// Which answer a call may get in which state of the world: what dispatch says has to be what the charts and the processes
// have come to. Changes nothing.

import type { Answer } from "../dispatch/scripted.js";
import { config } from "./config.js";
import { leafOf, workerOf } from "./sight.js";
import type { World, WorldCall } from "./world.js";

/** Null: it is right; otherwise a sentence. Asked while the answer is given. */
export function wrongAnswer(world: World, { requestId, code, details }: Answer): string | null {
  const call = world.calls.find((each) => each.requestId === Number(requestId));
  if (call === undefined) return `call ${String(requestId)}, which nobody made, was answered`;
  const isRight = rightly(world, call, code, JSON.stringify(details ?? null));
  const where = call.process === null ? "nobody" : call.process.name;
  return isRight ? null : `call ${String(requestId)}, which ${where} has, was answered ${String(code)}`;
}

function rightly(world: World, call: WorldCall, code: number, details: string): boolean {
  const { root, clock } = world.parts;
  const { process, isCancelled, atMs } = call;
  const isSaid = world.said?.requestId === call.requestId && world.said.code === code;
  const supervisor = root.getSnapshot();
  switch (code) {
    case 0:
    case 2000:
      return isSaid;
    case 1002: {
      const exported = world.route.pools.get("app")?.exports ?? [];
      return process === null && exported.length === 0;
    }
    case 2001:
      return clock.now() - atMs >= config.limits.defaultTimeoutMs;
    case 2002:
      if (isCancelled || !["running", "starting"].includes(supervisor.value)) return true;
      return process !== null && leafOf(workerOf(root, process.instance)?.value) !== "ready";
    case 2003:
      return process !== null && (process.hasExited || process.link === "closed");
    case 3001: {
      const { admission, pools } = world.route;
      const isRefusing = admission !== "open" || pools.get("app")?.outlook !== null;
      return process === null && (isRefusing || details.includes("breaker-open"));
    }
    case 3002:
      return process === null;
    default:
      return false;
  }
}
