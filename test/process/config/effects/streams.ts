// streams.*

import { join } from "node:path";
import { expect } from "@jest/globals";
import type { SpliceConfig, StreamsConfig } from "../../../../src/config/types.js";
import { createSplice, type Splice } from "../../../../src/index.js";
import { fixtures, until } from "../../harness.js";
import type { Effects } from "./rig.js";

const functions = join(fixtures, "streams/functions");

async function read(config: SpliceConfig, look: (splice: Splice) => Promise<void>): Promise<void> {
  await using splice = await createSplice({ functions, ...config });
  await look(splice);
}

export const streams: Effects<StreamsConfig> = {
  windowChunks: () =>
    read({ streams: { windowChunks: 2 } }, async (splice) => {
      const items = splice.stream("feed.count")[Symbol.asyncIterator]();
      await items.next();
      const howMany = () => splice.call("feed.howMany");
      await until("the first is acknowledged, and two more are made", async () => (await howMany()) === 3);
      for (let looks = 0; looks < 20; looks++) expect(await howMany()).toBe(3);
      await items.return?.();
    }),

  idleTimeoutMs: () =>
    read({ streams: { idleTimeoutMs: 50 } }, async (splice) => {
      const items = splice.stream("feed.quiet")[Symbol.asyncIterator]();
      expect(await items.next()).toEqual({ done: false, value: "one" });
      const message = expect.stringContaining("nothing came for 50 ms") as unknown as string;
      await expect(items.next()).rejects.toMatchObject({ code: 2001, message });
    }),
};
