// splice why: what became of a recent call, step by step, from the supervisor's journal.

import type { CallStory } from "../../contract/call-story.js";
import { exitCodes } from "../exit.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { findSocket } from "../project.js";
import { storyLines } from "../story-text.js";
import { connectTo } from "../supervisor.js";

/** Resolves with the exit code: 1 when no call of that number is remembered. */
export async function runWhy(requestId: number | bigint, options: CommonOptions): Promise<number> {
  const socket = await findSocket(options);
  return interruptible(async (signal) => {
    const connection = await connectTo(socket, signal);
    try {
      const stories = (await connection.call(
        "splice.why",
        { requestId },
        { signal },
      )) as readonly CallStory[];
      if (options.json === true) process.stdout.write(`${String(toJson(stories))}\n`);
      else for (const story of stories) process.stdout.write(`${storyLines(story).join("\n")}\n`);
      if (stories.length > 0) return exitCodes.ok;
      process.stderr.write(
        `No call of the number ${String(requestId)} is remembered: the journal holds the last calls alone, some thousand of them. ` +
          "The number of a call is in its error (requestId) and in the log.\n",
      );
      return exitCodes.failed;
    } finally {
      connection.close();
    }
  });
}
