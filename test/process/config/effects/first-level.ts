// The keys of the first level that are no sections.

import type { XstateInspection } from "../../../../src/contract/inspect-observer.js";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@jest/globals";
import type {
  BreakerConfig,
  HealthConfig,
  LimitsConfig,
  ReloadConfig,
  RestartConfig,
  ShutdownConfig,
  SpliceConfig,
  StreamsConfig,
} from "../../../../src/config/types.js";
import { fixtures, makeFolder, refuseStart } from "../../harness.js";
import { fake, functions, inSystem, type Effects } from "./rig.js";

export interface Sections {
  readonly limits?: LimitsConfig;
  readonly restart?: RestartConfig;
  readonly shutdown?: ShutdownConfig;
  readonly health?: HealthConfig;
  readonly breaker?: BreakerConfig;
  readonly streams?: StreamsConfig;
  readonly reload?: ReloadConfig;
}

export const firstLevel: Effects<Omit<SpliceConfig, keyof Sections | "pools">> = {
  functions: () =>
    inSystem(
      { functions: join(fixtures, "functions/nine") },
      async (system) => {
        expect((await system.call("hello_world")).code).toBe(0);
      },
      { keyed: false },
    ),

  strategy: () => {
    const pools = {
      a: { command: fake(), env: { NAMESPACE: "a" } },
      b: { command: fake(), env: { NAMESPACE: "b" } },
    };
    return inSystem(
      { pools, strategy: "one_for_all", restart: { backoffMs: [0] } },
      async (system) => {
        const [a, b] = (await system.ready()).map(({ pid }) => pid ?? 0);
        process.kill(a ?? 0, "SIGKILL");
        await system.readyAfter(4);
        expect((await system.ready()).map(({ pid }) => pid)).not.toContain(b);
      },
      { keyed: false },
    );
  },

  connectTimeoutMs: async () => {
    const { message } = await refuseStart({
      pools: { app: { command: fake("hang") } },
      connectTimeoutMs: 150,
    });
    expect(message).toContain("did not become ready within 150 ms");
  },

  socket: async () => {
    const folder = await makeFolder();
    const socket = join(folder, "s");
    await inSystem({ functions, socket }, async (system) => {
      const host = await system.connectHost();
      host.invoke(1, "work.echo", { key: "h" });
      expect((await host.answer(1)).type).toBe("InvokeResult");
    });
    await rm(folder, { recursive: true, force: true });
  },

  verify: () =>
    inSystem({ functions, verify: () => false }, async (system) => {
      expect((await system.call("work.echo")).code).toBe(1003);
    }),

  inspect: async () => {
    const seen: string[] = [];
    const inspect = ({ type, actorRef }: XstateInspection): void => {
      seen.push(`${type} ${(actorRef as { readonly id?: string }).id ?? ""}`);
    };
    await inSystem({ functions, inspect }, (system) => system.pid());
    expect(seen).toEqual(expect.arrayContaining(["@xstate.actor pool:app", "@xstate.snapshot app:1"]));
  },

  dev: () =>
    inSystem({ functions, dev: true }, async (system) => {
      const { error } = await system.call("work.throws", { message: "no" });
      expect(error?.details).toMatchObject({ stack: expect.stringContaining("work.ts") });
    }),
};
