// The guard thread of a worker: a thread of its own, since the main one may never come back from a function. At the
// end of its link, which is the end of the supervisor, it kills the process group; asked `where`, it answers one line
// about the main loop. It runs no code of users.

import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { RunningMemory, type FromGuard, type GuardData, type ToGuard } from "./guard-protocol.js";
import { lookAtMainThread } from "./guard-sight.js";
import { placeInSource } from "./guard-place.js";

/** A loop that answers within this time is going, and is not looked at. */
const patienceMs = 25;
/** The time to find the main thread in its JavaScript; inside native code it cannot be stopped. */
const lookMs = 400;
/** Nothing that is asked is longer. */
const maxQuestionChars = 64;

const data = workerData as GuardData;
const memory = new RunningMemory(data.memory);
let { functionsFile } = data;
let names: readonly string[] = [];
/** When the oldest ping was sent that has no answer yet, in the main thread's milliseconds. */
let unansweredSinceMs: number | undefined;
let whenAnswered: (() => void) | undefined;

const link = new Socket({ fd: data.fd, readable: true, writable: true });
link.setEncoding("utf8");
let question = "";
let answering = Promise.resolve();
link.on("data", (text: string) => {
  const lines = (question + text).split("\n");
  question = (lines.pop() ?? "").slice(0, maxQuestionChars);
  for (const line of lines) if (line === "where") answering = answering.then(answerWhere);
});
for (const end of ["end", "error", "close"]) link.on(end, killGroup);

parentPort?.on("message", (message: ToGuard) => {
  if (message.type === "functions") {
    names = message.names;
    return;
  }
  if (message.type === "file") {
    ({ functionsFile } = message);
    return;
  }
  unansweredSinceMs = undefined;
  whenAnswered?.();
});
tell({ type: "watching" });

function tell(message: FromGuard): void {
  parentPort?.postMessage(message);
}

/** The group is what the worker has started too; without one of its own, the process alone. */
function killGroup(): void {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.kill(process.pid, "SIGKILL");
  }
}

/** Never rejects: what cannot be said is null, and the thread goes on watching. */
async function answerWhere(): Promise<void> {
  const answer = await where().catch(() => null);
  link.write(`${JSON.stringify(answer)}\n`);
}

async function where(): Promise<object> {
  if (await isGoing()) return { function: null, file: null, line: null, lagMs: 0 };
  const sight = await lookAtMainThread(lookMs);
  const lagMs = Math.max(0, Math.round(mainNowMs() - standsSinceMs()));
  const place = sight === undefined ? undefined : placeInSource(sight.frames, functionsFile);
  return {
    function: sight?.functionName ?? names[memory.running] ?? null,
    file: place?.file ?? null,
    line: place?.line ?? null,
    lagMs,
  };
}

/** True when the main loop answers in time. A ping that has no answer yet is not sent again. */
function isGoing(): Promise<boolean> {
  if (unansweredSinceMs === undefined) {
    unansweredSinceMs = mainNowMs();
    tell({ type: "ping" });
  }
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs, false);
    whenAnswered = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}

/** What the main thread noted, or, where nothing runs that notes it, as long as it is known to be silent. */
function standsSinceMs(): number {
  if (memory.aliveAtMs > 0) return memory.aliveAtMs;
  return unansweredSinceMs ?? mainNowMs();
}

function mainNowMs(): number {
  return data.at.mainMs + Number(process.hrtime.bigint() - data.at.sharedNs) / 1e6;
}
