// Act 3: a function that never returns and one that takes its process down, over and over; the others serve on.

import { act, say, show } from "../stage.mjs";

export async function surviveEverything(splice) {
  act(3, "survive everything");
  say(
    "An endless loop is named by its line; its worker is killed with what else it held, and another follows:",
  );
  const neighbour = splice.call("slow.wait", { ms: 60_000 });
  await show("trouble.spin, 300 ms to live", splice.call("trouble.spin", undefined, { timeoutMs: 300 }));
  await show("slow.wait, in the same worker", neighbour);
  await show("math.add({ a: 1, b: 1 })", splice.call("math.add", { a: 1, b: 1 }));

  say("One input kills its worker each time it comes; after three times only that function is refused:");
  for (let n = 1; n <= 4; n++)
    await show(`trouble.parse, time ${n}`, splice.call("trouble.parse", { text: "☠" }));
  await show("math.add({ a: 2, b: 2 })", splice.call("math.add", { a: 2, b: 2 }));

  const { pools, calls } = await splice.status();
  const { breaker, workers } = pools[0];
  say(
    `Pool app: breaker ${breaker.state}, ${workers[0].id} is process ${workers[0].pid}; ${calls.active} calls left over.`,
  );
}
