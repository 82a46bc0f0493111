// splice list: what can be called, as lines for people or, with --json, as the exports themselves.

import { interruptible, unlessAborted } from "../interrupt.js";
import type { CommonOptions } from "../options.js";
import { reachSupervisor } from "../reach.js";

export async function runList(options: CommonOptions): Promise<void> {
  await interruptible(async (signal) => {
    const reach = await reachSupervisor(options, signal);
    try {
      const exports = await unlessAborted(signal, reach.exports());
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify(exports)}\n`);
        return;
      }
      for (const { name, isStreaming } of exports)
        process.stdout.write(`${name}${isStreaming ? "  (stream)" : ""}\n`);
    } finally {
      await reach.close();
    }
  });
}
