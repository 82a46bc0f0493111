// Act 4: a function that never ends, read slowly, and then not any more.

import { setTimeout as sleep } from "node:timers/promises";
import { act, say, show } from "../stage.mjs";

export async function streams(splice) {
  act(4, "a stream read slowly, then dropped");
  say("feed.numbers yields without end. It is read at a pace of its own:");
  const read = [];
  for await (const number of splice.stream("feed.numbers")) {
    read.push(number);
    if (read.length === 100) {
      say(`read: ${read.slice(0, 4).join(", ")}, … ${read.at(-1)}; now the reader rests for a moment.`);
      await sleep(100);
      await show("feed.howFar(), which is as far as its credit goes", splice.call("feed.howFar"));
    }
    if (read.length === 120) break;
  }
  while ((await splice.status()).calls.active > 0) await sleep(1);
  await show(
    "the reader broke out; feed.howFar() says that the generator was ended",
    splice.call("feed.howFar"),
  );
  const { calls } = await splice.status();
  say(`${calls.active} calls left over.`);
}
