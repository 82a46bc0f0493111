// limits.*

import { expect } from "@jest/globals";
import type { LimitsConfig } from "../../../../src/config/types.js";
import { until } from "../../harness.js";
import { expectCode, functions, hold, inSystem, letGo, type Effects } from "./rig.js";

export const limits: Effects<LimitsConfig> = {
  maxInFlight: () =>
    inSystem({ functions, limits: { maxInFlight: 2 } }, async (system) => {
      const held = [hold(system), hold(system)];
      expect(await system.call("work.echo")).toMatchObject({
        code: 3002,
        error: { details: { limit: "maxInFlight", inFlight: 2 } },
      });
      await letGo(system);
      expectCode(0, ...(await Promise.all(held)));
    }),

  maxInFlightPerFunction: () =>
    inSystem({ functions, limits: { maxInFlightPerFunction: 2 } }, async (system) => {
      const held = [hold(system), hold(system)];
      expect(await hold(system)).toMatchObject({
        code: 3002,
        error: { details: { limit: "maxInFlightPerFunction", inFlight: 2 } },
      });
      await letGo(system);
      expectCode(0, ...(await Promise.all(held)));
    }),

  maxQueue: () =>
    inSystem(
      { functions, limits: { maxInFlight: 1, maxQueue: 1, maxQueueWaitMs: 60_000 } },
      async (system) => {
        const [held, waiting] = [hold(system), system.call("work.echo")];
        expectCode(3002, await system.call("work.echo"));
        await until("it waits", () => system.journal.of("enqueue").length === 1);
        await letGo(system);
        expectCode(0, await held, await waiting);
      },
    ),

  maxQueueWaitMs: () =>
    inSystem({ functions, limits: { maxInFlight: 1, maxQueue: 1, maxQueueWaitMs: 20 } }, async (system) => {
      // Its caller hears of its deadline before the default wait for a slot would be over.
      const held = hold(system, 700);
      const waited = await system.call("work.echo");
      expect(waited).toMatchObject({ code: 3002, message: expect.stringContaining("within 20 ms") });
      const { code, endedAtMs } = await held;
      expect([code, waited.endedAtMs < endedAtMs]).toEqual([2001, true]);
    }),

  maxFrameBytes: () =>
    inSystem({ functions, limits: { maxFrameBytes: 65_536 } }, async (system) => {
      expectCode(1004, await system.call("work.echo", { value: new Uint8Array(70_000) }));
    }),

  defaultTimeoutMs: () =>
    inSystem({ functions, limits: { defaultTimeoutMs: 60 } }, async (system) => {
      expect(await hold(system)).toMatchObject({
        code: 2001,
        message: expect.stringContaining("within 60 ms"),
      });
    }),
};
