// splice call: one call, its result as JSON on stdout; of a function that streams each item, as it comes.

import type { parseAuth, parseHeader, parseTimeout } from "../options.js";
import { readParams, type CommonOptions } from "../options.js";
import { reachSupervisor } from "../reach.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import { printStream } from "../print-stream.js";

export interface CallCommandOptions extends CommonOptions {
  readonly timeout?: ReturnType<typeof parseTimeout>;
  readonly header?: ReturnType<typeof parseHeader>;
  readonly auth?: ReturnType<typeof parseAuth>;
}

export async function runCall(
  name: string,
  given: string | undefined,
  options: CallCommandOptions,
): Promise<void> {
  const params = await readParams(given);
  await interruptible(async (signal) => {
    const reach = await reachSupervisor(options, signal);
    try {
      const { timeout: timeoutMs, header: headers, auth } = options;
      const callOptions = { timeoutMs, headers, auth, signal };
      if (reach.isStreaming(name)) {
        await printStream(reach.stream(name, params, callOptions), toJson);
        return;
      }
      const json = toJson(await reach.call(name, params, callOptions));
      if (json !== undefined) process.stdout.write(`${json}\n`);
    } finally {
      await reach.close();
    }
  });
}
