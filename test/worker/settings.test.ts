import { expect, test } from "@jest/globals";
import { takeSettings } from "../../src/worker/settings.js";

const args = ["--functions", "/tmp/bundle.mjs"];

test("takes what is the runtime's out of the environment and leaves the rest", () => {
  const env = {
    SPLICE_FD: "3",
    SPLICE_GUARD_FD: "4",
    SPLICE_WORKER: "app:1",
    SPLICE_ANY: "x",
    SPLICE_SOCKET: "/run/host.sock",
    ZAP_SOCKET: "/s",
    PATH: "/bin",
    MY_SPLICE: "1",
  };
  expect(takeSettings([...args, "--dev"], env)).toEqual({
    link: { fd: 3 },
    guardFd: 4,
    hostSocket: "/run/host.sock",
    functionsFile: "/tmp/bundle.mjs",
    dev: true,
    maxFrameBytes: 104_857_600,
    windowChunks: 64,
  });
  expect(env).toEqual({ PATH: "/bin", MY_SPLICE: "1" });
});

test("a socket path serves where no descriptor is given", () => {
  expect(takeSettings([...args, "--max-frame-bytes", "4096"], { ZAP_SOCKET: "/s" })).toMatchObject({
    link: { path: "/s" },
    guardFd: undefined,
    hostSocket: null,
    dev: false,
    maxFrameBytes: 4096,
    windowChunks: 64,
  });
});

test.each([
  [[], { SPLICE_FD: "3" }, /without --functions/],
  [args, {}, /neither SPLICE_FD nor ZAP_SOCKET/],
  [args, { SPLICE_FD: "two" }, /SPLICE_FD is "two", but must be a whole number from 3/],
  [args, { SPLICE_FD: "1" }, /SPLICE_FD is "1"/],
  [
    args,
    { SPLICE_FD: "3", SPLICE_GUARD_FD: "x" },
    /SPLICE_GUARD_FD is "x", but must be a whole number from 3/,
  ],
  [[...args, "--max-frame-bytes", "0"], { SPLICE_FD: "3" }, /--max-frame-bytes is "0"/],
])(
  "refuses %j with %j, and clears the environment all the same",
  (given, env: NodeJS.ProcessEnv, sentence) => {
    expect(() => takeSettings(given, env)).toThrow(sentence);
    expect(Object.keys(env)).toEqual([]);
  },
);
