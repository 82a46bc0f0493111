// health.*

import { expect } from "@jest/globals";
import type { HealthConfig } from "../../../../src/config/types.js";
import { until } from "../../harness.js";
import { fake, functions, happens, inSystem, pass, type Effects } from "./rig.js";

export const health: Effects<HealthConfig> = {
  intervalMs: () =>
    inSystem({ pools: { app: { command: fake() } }, health: { intervalMs: 20 } }, async (system) => {
      await until("it was asked six times", async () => {
        const { value } = (await system.call("fake.heard")).value as { value: string[] };
        return value.filter((type) => type === "HealthCheck").length >= 6;
      });
    }),

  maxMisses: () =>
    inSystem({ functions, health: { intervalMs: 20, maxMisses: 1_000_000 } }, async (system) => {
      const pid = await system.pid();
      await until("it has answered a check", async () => ((await system.workers())[0]?.lagMs ?? 0) > 0);
      process.kill(pid, "SIGSTOP");
      await pass(600);
      process.kill(pid, "SIGCONT");
      expect((await system.call("work.pid")).value).toMatchObject({ value: pid });
    }),

  cancelGraceMs: () =>
    inSystem({ functions, health: { cancelGraceMs: 70 } }, async (system) => {
      expect((await system.call("work.hang", {}, { timeoutMs: 50 })).code).toBe(2001);
      await happens(system, "worker.exited");
      const [exited] = system.events.filter(({ type }) => type === "worker.exited");
      expect(exited?.reason).toContain(" 70 ms after its deadline");
    }),
};
