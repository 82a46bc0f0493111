// Act 1: functions run in a worker process; the worker is killed while it works; every caller hears; life goes on.

import { act, say, show } from "../stage.mjs";

export async function theCallPath(splice) {
  act(1, "functions in a process of their own");
  const worker = async () => (await splice.status()).pools[0].workers[0];
  const first = await worker();
  say(`This program is process ${process.pid}; the functions run in ${first.id}, process ${first.pid}.`);
  await show("math.add({ a: 1, b: 2 })", splice.call("math.add", { a: 1, b: 2 }));
  const auth = { userId: "ada", roles: ["admin"] };
  await show("users.whoami() as ada", splice.call("users.whoami", undefined, { auth }));

  say("Errors come back as the function threw them, and bad input never reaches it:");
  await show("math.divide({ a: 1, b: 0 })", splice.call("math.divide", { a: 1, b: 0 }));
  await show('math.divide({ a: "x", b: 1 })', splice.call("math.divide", { a: "x", b: 1 }));
  await show("math.ad({})", splice.call("math.ad", {}));

  say("A deadline and a cancellation each end a call that would take a minute:");
  await show("slow.wait, 50 ms to live", splice.call("slow.wait", { ms: 60_000 }, { timeoutMs: 50 }));
  const signal = AbortSignal.timeout(50);
  await show("slow.wait, aborted", splice.call("slow.wait", { ms: 60_000 }, { signal }));

  say(`Three calls are running when process ${first.pid} is killed with SIGKILL:`);
  const running = [1, 2, 3].map(() => splice.call("slow.wait", { ms: 60_000 }));
  process.kill(first.pid, "SIGKILL");
  for (const [index, call] of running.entries()) await show(`caller ${index + 1}`, call);

  say("The next call waits for the new worker and is answered by it:");
  await show("math.add({ a: 20, b: 22 })", splice.call("math.add", { a: 20, b: 22 }));
  const { calls } = await splice.status();
  const now = await worker();
  say(`${now.id} is process ${now.pid} now; ${calls.total} calls, ${calls.active} left over.`);
}
