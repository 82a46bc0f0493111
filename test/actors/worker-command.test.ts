import { expect, test } from "@jest/globals";
import { workerCommand, type PoolLaunch } from "../../src/actors/worker-command.js";
import { instanceInput } from "./under-parent.js";

const launch = (env: Record<string, string> = {}): PoolLaunch => ({
  pool: {
    name: "app",
    source: { kind: "command", command: ["prog", "x"] },
    watch: [],
    link: "inherit",
    workers: 1,
    maxCalls: Infinity,
    maxRssMb: Infinity,
    restartType: "permanent",
    env,
    cwd: "/somewhere",
  },
  program: "prog",
  args: ["x"],
});

const parentEnv = {
  PATH: "/bin",
  HOME: "/root",
  EMPTY: undefined,
  NODE_OPTIONS: "--inspect",
  ZAP_SOCKET: "/tmp/foreign",
  SPLICE_FD: "9",
  SPLICE_SOCKET: "/tmp/other",
};

test("a worker gets its parent's environment but what would open it up or speak of another supervisor", () => {
  expect(workerCommand(launch(), instanceInput(4), { SPLICE_FD: "3" }, parentEnv, "abc123")).toEqual({
    program: "prog",
    args: ["x"],
    cwd: "/somewhere",
    env: {
      PATH: "/bin",
      HOME: "/root",
      SPLICE_FD: "3",
      SPLICE_INSTANCE: "abc123",
      SPLICE_WORKER: "app:4",
      SPLICE_GENERATION: "1",
    },
  });
});

test("the pool's own variables come over those, also NODE_OPTIONS; the link and the identity over all", () => {
  const own = { NODE_OPTIONS: "--trace-warnings", HOME: "/pool", SPLICE_FD: "7", SPLICE_INSTANCE: "99" };
  const { env } = workerCommand(launch(own), instanceInput(4), { SPLICE_FD: "3" }, parentEnv, "abc123");
  expect(env).toMatchObject({
    NODE_OPTIONS: "--trace-warnings",
    HOME: "/pool",
    SPLICE_FD: "3",
    SPLICE_INSTANCE: "abc123",
  });
});
