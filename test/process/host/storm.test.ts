// Many hosts at once on the real socket (row 35): after a restart all of them come back, at a bounded pace, and whoever
// is connected goes on being answered; and more than there may be are sent away.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import { entranceBounds } from "../../../src/host/entrance.js";
import { Decoder, encode } from "../../../src/protocol/index.js";
import { parseExecutionLog } from "../../../src/testing/history/expect-history.js";
import { closeLeftovers, makeFolder, RawHost, root, until } from "../harness.js";
import { connectHost, connectPeer, handshake, hostFixtures, startHosted } from "./raw-host.js";

const clients = 500;
const { connections, handshakesAtOnce, handshakesPerSecond } = entranceBounds;

let folder = "";
let socket = "";
const children = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await makeFolder();
  socket = join(folder, "s");
  await mkdir(join(folder, "functions"));
  await cp(join(hostFixtures, "functions"), join(folder, "functions"), { recursive: true });
});
afterEach(async () => {
  await closeLeftovers();
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await rm(folder, { recursive: true, force: true });
});

/** Starts `splice serve` in a process of its own; resolves when it is ready. */
async function serve(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), "serve", "--socket", socket], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", EXECUTION_LOG: join(folder, "execution.log") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.add(child);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until("it serves", () => {
    if (child.exitCode !== null) throw new Error(`splice serve ended: ${said}`);
    return said.includes("serving");
  });
  return child;
}

test("500 clients of ours whose supervisor is killed all come to its successor, and each is answered once", async () => {
  const first = await serve();
  const program = join(root, "test/fixtures/hosts/many-clients.mjs");
  const host = spawn(process.execPath, [program, socket, String(clients)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.add(host);
  const lines = createInterface({ input: host.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("connected");
  const exited = once(first, "exit");
  first.kill("SIGKILL");
  await exited;
  host.stdin.write("call\n");
  await serve();
  const outcomes = JSON.parse(String((await lines.next()).value)) as { key: string; n: number }[];
  expect(outcomes).toHaveLength(clients);
  expect(outcomes).toEqual(outcomes.map(({ key, n }) => ({ value: { key, n }, key, n })));
  const runs = parseExecutionLog(await readFile(join(folder, "execution.log"), "utf8"));
  const starts = runs.flatMap(({ kind, key }) => (kind === "start" ? [key] : []));
  expect(starts).toHaveLength(new Set(starts).size);
}, 60_000);

test("500 hosts at once are let in at the pace that is promised, and one that was there is answered in between", async () => {
  const supervisor = await serve();
  const early = await RawHost.open(socket);
  // They all come while it stands still, so that it finds all of them at once.
  supervisor.kill("SIGSTOP");
  /** When each one's handshake was done, by the supervisor's own clock. */
  const uptimesMs: number[] = [];
  const sockets = Array.from({ length: clients }, () => {
    const decoder = new Decoder();
    const one = connectSocket(socket);
    one.on("data", (chunk: Uint8Array) => {
      for (const message of decoder.push(chunk))
        if (message.type === "HealthStatus") uptimesMs.push(Number(message.uptimeMs));
    });
    return one;
  });
  await Promise.all(sockets.map((one) => once(one, "connect")));
  for (const one of sockets) one.write(Buffer.concat([encode(handshake()), encode({ type: "HealthCheck" })]));
  let answered = 0;
  const stopped = once(supervisor, "exit");
  supervisor.kill("SIGCONT");
  while (uptimesMs.length < clients) {
    early.invoke(++answered, "work.echo", { key: `early${String(answered)}` });
    expect((await early.answer(answered)).type).toBe("InvokeResult");
  }
  // While they came in it was answered again and again.
  expect(answered).toBeGreaterThan(2);
  for (const withinMs of [100, 200, 300]) {
    const counts = uptimesMs.map(
      (fromMs) => uptimesMs.filter((at) => at >= fromMs && at < fromMs + withinMs).length,
    );
    // Twice: those let in before a pause that the machine made, and those after it.
    const bound = 2 * handshakesAtOnce + ((withinMs + 1) * handshakesPerSecond) / 1000;
    expect(Math.max(...counts)).toBeLessThanOrEqual(bound);
  }
  for (const one of sockets) one.destroy();
  early.destroy();
  supervisor.kill("SIGTERM");
  expect(await stopped).toEqual([0, null]);
}, 60_000);

test("one connection more than there may be is told so and closed; those inside are served, and one that leaves makes room", async () => {
  const system = await startHosted();
  const early = await connectHost(system);
  const hosts = [early];
  while (hosts.length < connections) {
    const host = await connectPeer(system);
    host.send(handshake());
    hosts.push(host);
  }
  await Promise.all(hosts.map((host) => host.next("HandshakeAck")));
  for (let more = 0; more < 20; more++) {
    const fatal = await (await connectPeer(system)).fatal();
    expect(fatal).toMatchObject({ code: 3002, message: expect.stringContaining(String(connections)) });
  }
  const path = (await system.splice.status()).socket ?? "";
  await expect(connect({ socket: path })).rejects.toMatchObject({
    code: 3002,
    retryable: true,
    details: { limit: "connections" },
  });
  expect(system.log.filter(({ message }) => message.includes("sent away"))).toHaveLength(1);
  // Descriptors are left for what the supervisor itself needs.
  process.kill(await system.pid(), "SIGKILL");
  await system.readyAfter(2);
  early.invoke(1, "work.echo");
  await early.value(1);
  const waiting = connect({ socket: path, waitMs: 20_000 });
  hosts.pop()?.destroy();
  const late = await waiting;
  expect((await late.exports()).length).toBeGreaterThan(0);
  await late.close();
  await system.end();
}, 60_000);
