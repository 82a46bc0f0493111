import { describe, expect, test } from "@jest/globals";
import { ConfigError } from "../../src/errors.js";
import { resolveConfig } from "../../src/config/resolve.js";
import type { SpliceConfig } from "../../src/config/types.js";

const options = { cwd: "/project", defaultWorkers: 3 };
const resolveUser = (config: SpliceConfig) => resolveConfig(config, options);

class Instance {
  readonly functions = "./functions";
}

function refusal(config: unknown): ConfigError {
  try {
    resolveConfig(config, options);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("The configuration was accepted.");
}

describe("what is left out", () => {
  test("an empty configuration becomes complete", () => {
    expect(resolveUser({})).toEqual({
      cwd: "/project",
      pools: [
        {
          name: "app",
          source: {
            kind: "functions",
            folder: "/project/functions",
            execArgv: [],
            configPath: "functions",
          },
          watch: [],
          link: "inherit",
          workers: 3,
          env: {},
          maxCalls: Infinity,
          maxRssMb: Infinity,
          restartType: "permanent",
          cwd: "/project",
        },
      ],
      strategy: "one_for_one",
      limits: {
        maxInFlight: 1024,
        maxInFlightPerFunction: 256,
        maxQueue: 0,
        maxQueueWaitMs: 1000,
        maxFrameBytes: 104_857_600,
        defaultTimeoutMs: 30_000,
      },
      connectTimeoutMs: 10_000,
      restart: {
        backoffMs: [0, 100, 500, 2000, 5000],
        jitter: 0.2,
        resetAfterMs: 30_000,
        maxRestarts: 10,
        withinMs: 60_000,
        maxFailedStarts: 5,
        cooldownMs: 30_000,
        maxCooldownMs: 300_000,
      },
      shutdown: { drainMs: 30_000, shutdownMs: 5000, terminateMs: 5000 },
      health: { intervalMs: 5000, maxMisses: 3, cancelGraceMs: 2000 },
      breaker: {
        failureRatio: 0.5,
        minCalls: 20,
        windowMs: 10_000,
        openMs: 10_000,
        quarantineCrashes: 3,
        quarantineWithinMs: 60_000,
        quarantineMs: 30_000,
      },
      streams: { windowChunks: 64, idleTimeoutMs: 0 },
      reload: { allowBreaking: false },
      socket: false,
      verify: null,
      inspect: null,
      dev: false,
    });
  });

  test("no configuration at all is an empty one", () => {
    expect(resolveConfig(undefined, options)).toEqual(resolveUser({}));
  });

  test("an undefined key counts as left out, at every level", () => {
    const config = {
      functions: undefined,
      pools: { app: undefined },
      limits: { maxInFlight: undefined, defaultTimeoutMs: undefined },
      restart: undefined,
      shutdown: { drainMs: undefined },
      socket: undefined,
      reload: { allowBreaking: undefined },
      verify: undefined,
      inspect: undefined,
      dev: undefined,
    };
    expect(resolveConfig(config, options)).toEqual(resolveUser({}));
  });

  test("breaking reloads are refused but in development, unless that is said", () => {
    const allowed = (config: object): boolean => resolveUser(config).reload.allowBreaking;
    expect(allowed({ dev: true })).toBe(true);
    expect(allowed({ reload: { allowBreaking: true } })).toBe(true);
    expect(allowed({ dev: true, reload: { allowBreaking: false } })).toBe(false);
  });

  test("the default folder holds only when no pool is named", () => {
    const { pools } = resolveUser({ pools: { native: { command: ["./worker"] } } });
    expect(pools.map(({ name }) => name)).toEqual(["native"]);
  });

  test("the socket's default is the caller's", () => {
    const defaultSocket = ".splice/splice.sock";
    expect(resolveConfig({}, { ...options, defaultSocket }).socket).toBe("/project/.splice/splice.sock");
    expect(resolveConfig({ socket: false }, { ...options, defaultSocket }).socket).toBe(false);
  });
});

describe("what is written", () => {
  test("every key reaches its place and paths become absolute", () => {
    const config = resolveUser({
      functions: "lib",
      pools: {
        native: {
          command: ["./worker", "--fast", ""],
          link: "socket",
          workers: 1024,
          env: { MODE: "test", EMPTY: "" },
          cwd: "native",
        },
        other: { functions: "/elsewhere", execArgv: ["--max-old-space-size=64"] },
      },
      limits: {
        maxInFlight: 1,
        maxInFlightPerFunction: 2,
        maxQueue: 3,
        maxQueueWaitMs: 0.5,
        maxFrameBytes: 4096,
        defaultTimeoutMs: Infinity,
      },
      connectTimeoutMs: 0.5,
      restart: { backoffMs: [1], jitter: 0, resetAfterMs: 1 },
      shutdown: { drainMs: 0, shutdownMs: 2, terminateMs: 3 },
      health: { intervalMs: 4, maxMisses: 1, cancelGraceMs: 6 },
      breaker: {
        failureRatio: 1,
        minCalls: 1,
        windowMs: 2,
        openMs: 3,
        quarantineCrashes: 0,
        quarantineWithinMs: 4,
        quarantineMs: 5,
      },
      socket: "run/s.sock",
      dev: true,
    });
    expect(config).toMatchObject({
      limits: {
        maxInFlight: 1,
        maxInFlightPerFunction: 2,
        maxQueue: 3,
        maxQueueWaitMs: 0.5,
        maxFrameBytes: 4096,
        defaultTimeoutMs: Infinity,
      },
      connectTimeoutMs: 0.5,
      restart: { backoffMs: [1], jitter: 0, resetAfterMs: 1 },
      shutdown: { drainMs: 0, shutdownMs: 2, terminateMs: 3 },
      health: { intervalMs: 4, maxMisses: 1, cancelGraceMs: 6 },
      breaker: {
        failureRatio: 1,
        minCalls: 1,
        windowMs: 2,
        openMs: 3,
        quarantineCrashes: 0,
        quarantineWithinMs: 4,
        quarantineMs: 5,
      },
      socket: "/project/run/s.sock",
      dev: true,
    });
    expect(config.pools).toMatchObject([
      { name: "app", source: { kind: "functions", folder: "/project/lib" }, workers: 3 },
      {
        name: "native",
        source: { kind: "command", command: ["./worker", "--fast", ""] },
        link: "socket",
        workers: 1024,
        env: { MODE: "test", EMPTY: "" },
        cwd: "/project/native",
      },
      {
        name: "other",
        source: {
          folder: "/elsewhere",
          execArgv: ["--max-old-space-size=64"],
          configPath: "pools.other.functions",
        },
      },
    ]);
  });

  test("the verifier stays the function that it is", () => {
    const verify = (): boolean => true;
    expect(resolveUser({ verify }).verify).toBe(verify);
    const seen = (): undefined => undefined;
    const observer = { next: seen };
    expect(resolveUser({ inspect: observer }).inspect).toBe(observer);
    expect(resolveUser({ inspect: seen }).inspect).toEqual(observer);
  });

  test("`functions` joins the other keys of the pool app", () => {
    const { pools } = resolveUser({ functions: "lib", pools: { app: { workers: 2 } } });
    expect(pools).toMatchObject([{ name: "app", workers: 2, source: { folder: "/project/lib" } }]);
  });

  test("objects of another realm or without a prototype are plain", () => {
    const limits: unknown = Object.assign(Object.create(null), { maxInFlight: 7 });
    expect(resolveConfig({ limits }, options).limits.maxInFlight).toBe(7);
  });
});

const badValues: readonly [path: string, config: unknown][] = [
  ["(whole)", 5],
  ["(whole)", null],
  ["(whole)", []],
  ["(whole)", new Instance()],
  ["function", { function: "./functions" }],
  ["__proto__", JSON.parse('{"__proto__": {}}')],
  ["functions", { functions: "" }],
  ["functions", { functions: 5 }],
  ["functions", { functions: null }],
  ["functions", { functions: "a\0b" }],
  ["functions", { functions: "lib", pools: { app: { functions: "lib" } } }],
  ["functions", { functions: "lib", pools: { app: { command: ["x"] } } }],
  ["pools", { pools: [] }],
  ["pools", { pools: new Map() }],
  ["pools.a b", { pools: { "a b": { functions: "x" } } }],
  ["pools.", { pools: { "": { functions: "x" } } }],
  ["pools.app", { pools: { app: null } }],
  ["pools.app", { pools: { app: "./functions" } }],
  ["pools.app", { pools: { app: {} } }],
  ["pools.app", { pools: { app: { workers: 2 } } }],
  ["pools.app.functions", { pools: { app: { functions: "x", command: ["y"] } } }],
  ["pools.app.maxCalls", { pools: { app: { functions: "x", maxCalls: 0 } } }],
  ["pools.app.maxRssMb", { pools: { app: { functions: "x", maxRssMb: 1.5 } } }],
  ["pools.app.restartType", { pools: { app: { functions: "x", restartType: "always" } } }],
  ["strategy", { strategy: "simple_one_for_one" }],
  ["restart.maxRestarts", { restart: { maxRestarts: -1 } }],
  ["restart.withinMs", { restart: { withinMs: 32_600 } }],
  ["restart.withinMs", { restart: { maxRestarts: 1000 } }],
  ["restart.maxFailedStarts", { restart: { maxFailedStarts: 0 } }],
  ["restart.cooldownMs", { restart: { cooldownMs: 0 } }],
  ["restart.maxCooldownMs", { restart: { cooldownMs: 500, maxCooldownMs: 499 } }],
  ["pools.app.command", { pools: { app: { command: "node worker.js" } } }],
  ["pools.app.command", { pools: { app: { command: [] } } }],
  ["pools.app.command[0]", { pools: { app: { command: [""] } } }],
  ["pools.app.command[1]", { pools: { app: { command: ["node", 1] } } }],
  // A list with a hole.
  ["pools.app.command[1]", { pools: { app: { command: ["node", , "x"] } } }],
  ["pools.app.execArgv", { pools: { app: { command: ["x"], execArgv: [] } } }],
  ["pools.app.build", { pools: { app: { functions: "x", build: ["make"] } } }],
  ["pools.app.build", { pools: { app: { command: ["x"], build: [] } } }],
  ["pools.app.build[0]", { pools: { app: { command: ["x"], build: [""] } } }],
  ["pools.app.execArgv", { pools: { app: { functions: "x", execArgv: "--inspect" } } }],
  ["pools.app.execArgv[0]", { pools: { app: { functions: "x", execArgv: [null] } } }],
  ["pools.app.link", { pools: { app: { functions: "x", link: "tcp" } } }],
  ["pools.app.workers", { pools: { app: { functions: "x", workers: 0 } } }],
  ["pools.app.workers", { pools: { app: { functions: "x", workers: 1025 } } }],
  ["pools.app.workers", { pools: { app: { functions: "x", workers: 1.5 } } }],
  ["pools.app.workers", { pools: { app: { functions: "x", workers: "2" } } }],
  ["pools.app.env", { pools: { app: { functions: "x", env: ["A=1"] } } }],
  ["pools.app.env.A", { pools: { app: { functions: "x", env: { A: 1 } } } }],
  ["pools.app.env.A=B", { pools: { app: { functions: "x", env: { "A=B": "1" } } } }],
  ["pools.app.env.A", { pools: { app: { functions: "x", env: { A: "\0" } } } }],
  ["pools.app.cwd", { pools: { app: { functions: "x", cwd: "" } } }],
  ["limits", { limits: 5 }],
  ["limits", { limits: new Instance() }],
  ["limits.maxInFlight", { limits: { maxInFlight: 0 } }],
  ["limits.maxInFlight", { limits: { maxInFlight: {} } }],
  ["limits.maxInFlight", { limits: { maxInFlight: [1] } }],
  ["limits.maxInFlight", { limits: { maxInFlight: new Date(5) } }],
  ["limits.maxInFlight", { limits: { maxInFlight: 5n } }],
  ["limits.maxInFlightPerFunction", { limits: { maxInFlightPerFunction: Number.NaN } }],
  ["limits.maxQueue", { limits: { maxQueue: -1 } }],
  ["limits.maxQueueWaitMs", { limits: { maxQueueWaitMs: 0 } }],
  ["limits.maxFrameBytes", { limits: { maxFrameBytes: 1023 } }],
  ["limits.maxFrameBytes", { limits: { maxFrameBytes: 104_857_601 } }],
  ["limits.defaultTimeoutMs", { limits: { defaultTimeoutMs: 0 } }],
  ["limits.defaultTimeoutMs", { limits: { defaultTimeoutMs: -Infinity } }],
  ["limits.defaultTimeoutMs", { limits: { defaultTimeoutMs: "1s" } }],
  ["connectTimeoutMs", { connectTimeoutMs: 0 }],
  ["connectTimeoutMs", { connectTimeoutMs: Infinity }],
  ["connectTimeoutMs", { connectTimeoutMs: null }],
  ["restart.backoffMs", { restart: { backoffMs: 5 } }],
  ["restart.backoffMs", { restart: { backoffMs: [] } }],
  ["restart.backoffMs[1]", { restart: { backoffMs: [0, -1] } }],
  ["restart.backoffMs[0]", { restart: { backoffMs: [undefined] } }],
  ["restart.backoffMs[0]", { restart: { backoffMs: [Infinity] } }],
  ["restart.jitter", { restart: { jitter: 1.1 } }],
  ["restart.jitter", { restart: { jitter: Number.NaN } }],
  ["restart.resetAfterMs", { restart: { resetAfterMs: 0 } }],
  ["shutdown.drainMs", { shutdown: { drainMs: -1 } }],
  ["shutdown.shutdownMs", { shutdown: { shutdownMs: 0 } }],
  ["shutdown.terminateMs", { shutdown: { terminateMs: "5" } }],
  ["shutdown.killMs", { shutdown: { killMs: 1 } }],
  ["health.intervalMs", { health: { intervalMs: 0 } }],
  ["health.maxMisses", { health: { maxMisses: 0.5 } }],
  ["health.cancelGraceMs", { health: { cancelGraceMs: Number.NaN } }],
  ["breaker", { breaker: false }],
  ["breaker.enabled", { breaker: { enabled: false } }],
  ["breaker.failureRatio", { breaker: { failureRatio: 50 } }],
  ["breaker.minCalls", { breaker: { minCalls: 0 } }],
  ["breaker.windowMs", { breaker: { windowMs: 0 } }],
  ["breaker.openMs", { breaker: { openMs: Infinity } }],
  ["breaker.quarantineCrashes", { breaker: { quarantineCrashes: -1 } }],
  ["breaker.quarantineCrashes", { breaker: { quarantineCrashes: 1001 } }],
  ["breaker.quarantineWithinMs", { breaker: { quarantineWithinMs: "1m" } }],
  ["breaker.quarantineMs", { breaker: { quarantineMs: 0 } }],
  ["socket", { socket: true }],
  ["socket", { socket: "" }],
  ["socket", { socket: null }],
  ["inspect", { inspect: true }],
  ["inspect", { inspect: null }],
  ["inspect", { inspect: { next: "next" } }],
  ["verify", { verify: true }],
  ["verify", { verify: null }],
  ["verify", { verify: { then: () => true } }],
  ["dev", { dev: "yes" }],
  ["dev", { dev: 1 }],
];

describe("what is refused", () => {
  test.each(badValues)("%s of %p", (path, config) => {
    expect(refusal(config).path).toBe(path);
  });

  test("the sentence names the path, the value and what may stand there", () => {
    const error = refusal({ limits: { maxInFlight: "many" } });
    expect(error.value).toBe("many");
    expect(error.message).toBe(
      'Configuration limits.maxInFlight is "many", but must be a whole number from 1 to 1000000.',
    );
  });

  test("what is no verifier is told what one is", () => {
    expect(refusal({ verify: "ada" }).message).toBe(
      'Configuration verify is "ada", but must be a function of (auth, headers, functionName).',
    );
  });

  test("an unknown key is answered with near ones, or with all", () => {
    expect(refusal({ limits: { maxInflight: 5 } }).message).toBe(
      "Configuration limits.maxInflight is 5, but must be left out: there is no such key " +
        '(did you mean "maxInFlight"?).',
    );
    expect(refusal({ shutdown: { patience: 1 } }).message).toBe(
      "Configuration shutdown.patience is 1, but must be left out: there is no such key " +
        "(the keys are drainMs, shutdownMs, terminateMs).",
    );
  });
});
