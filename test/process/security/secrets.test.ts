// Words that are nobody's business, put wherever a user may put some, and looked for in all that others can read: the
// command lines of the processes, the log, the files left behind, what the supervisor tells, and the errors of calls.

import { afterEach, expect, test } from "@jest/globals";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../../src/client/connect.js";
import type { Splice } from "../../../src/contract/splice.js";
import { isSpliceError } from "../../../src/errors.js";
import { Project, type Running } from "../cli/run-cli.js";
import { until } from "../harness.js";

const secrets = {
  environment: "canary-of-the-environment",
  pool: "canary-of-the-pool",
  params: "canary-of-the-params",
  header: "canary-of-a-header",
  role: "canary-of-a-role",
  result: "canary-of-the-result",
};
const all = Object.values(secrets);

const functions = `
import { type Context } from "splice-runtime/worker";
export function whole({ word }: { word: string }, ctx: Context) {
  return [process.env.OF_THE_USER, process.env.OF_THE_POOL, word, ctx.header("x-key"), ctx.auth?.roles[0], ["canary", "of", "the", "result"].join("-")];
}
export function throws(_: unknown) { throw new TypeError("said to the caller"); }
export function dies(_: unknown) { setTimeout(() => { throw new Error("said to the operator"); }); return new Promise(() => {}); }
export function spins(_: unknown) { for (;;); }
export function hangs(_: unknown, ctx: Context) { return new Promise(() => {}); }
`;

const config = (dev: boolean) => `export default {
  dev: ${String(dev)},
  breaker: { quarantineCrashes: 0 },
  pools: { app: { functions: "./functions", env: { OF_THE_POOL: ${JSON.stringify(secrets.pool)} } } },
  verify: (auth, headers, name) => auth?.userId === "ada" || name === "f.throws",
};`;

let project: Project;
let splice: Splice | undefined;
let server: Running | undefined;

afterEach(async () => {
  await splice?.close();
  server?.child.kill("SIGTERM");
  await server?.finished;
  await project.nothingLeft();
  await project.clean();
});

async function start(dev: boolean): Promise<Splice> {
  project = await Project.make({ "functions/f.ts": functions, "splice.config.ts": config(dev) });
  const started = project.start(["serve", "--log-level", "debug"], {
    env: { OF_THE_USER: secrets.environment },
  });
  server = started;
  await until("it serves", () => started.said.stderr.includes("serving"));
  return (splice = await connect({ socket: project.socket }));
}

/** The error of a call, with all that its caller gets of it. */
async function errorOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => new Error("The call was meant to fail."),
    (thrown: unknown) => thrown,
  );
  if (!isSpliceError(error)) throw error;
  const { code, message, details, requestId } = error;
  return JSON.stringify({ code, message, details, requestId });
}

const asAda = { auth: { userId: "ada", roles: [secrets.role] }, headers: { "x-key": secrets.header } };
const asBob = { ...asAda, auth: { userId: "bob", roles: [secrets.role] } };
const params = { word: secrets.params };

/** The command lines of the supervisor and of a worker that runs. */
const commandLines = (): Promise<readonly string[]> =>
  until("a worker runs", () => {
    const lines = [server?.child.pid ?? 0, ...project.processes()].flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")];
      } catch {
        return [];
      }
    });
    return lines.length > 1 ? lines : null;
  });

function filesLeft(folder = join(project.folder, ".splice")): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path);
    if (found.isDirectory()) return filesLeft(path);
    return found.isFile() ? [readFileSync(path, "utf8")] : [];
  });
}

test("what a call carries, and what is in the environment, is in no command line, log, file, status, story or error", async () => {
  const caller = await start(false);
  expect(await caller.call("f.whole", params, asAda)).toEqual(all);
  const errors = [
    await errorOf(caller.call("f.throws", params, asAda)),
    await errorOf(caller.call("f.whole", params, asBob)),
    await errorOf(caller.call("f.nothing", params, asAda)),
    await errorOf(caller.call("f.dies", params, asAda)),
    await errorOf(caller.call("f.hangs", params, { ...asAda, timeoutMs: 20 })),
    await errorOf(caller.call("f.spins", params, { ...asAda, timeoutMs: 200 })),
  ];
  const told: unknown[] = [await caller.call("splice.status")];
  for (let id = 1; id <= errors.length + 1; id++)
    told.push(await caller.call("splice.why", { requestId: id }));
  const doctor = await project.run(["doctor"], { env: { OF_THE_USER: secrets.environment } });
  const places = {
    commandLines: await commandLines(),
    log: server?.said.stderr,
    files: filesLeft(),
    told: JSON.stringify(told),
    doctor,
    errors,
  };
  // Each place really has something to look at.
  expect(places.commandLines.join()).toContain("--functions");
  expect(places.log).toContain("said to the operator");
  expect(places.told).toContain("f.dies");
  expect(errors.map((text) => (JSON.parse(text) as { code: number }).code)).toEqual([
    2000, 1003, 1002, 2003, 2001, 2001,
  ]);
  // The bundle holds the functions, as they were written; what they were given is not in it.
  for (const [place, text] of Object.entries(places))
    for (const secret of all) expect([place, JSON.stringify(text).includes(secret)]).toEqual([place, false]);
});

test("no stack, and nothing that a worker printed, crosses to a host; both do in development", async () => {
  const serving = await start(false);
  const thrown = await errorOf(serving.call("f.throws", {}, asAda));
  expect(thrown).toContain("said to the caller");
  expect(JSON.parse(thrown)).toMatchObject({ details: { name: "TypeError" } });
  const died = await errorOf(serving.call("f.dies", {}, asAda));
  for (const text of [thrown, died]) expect(text).not.toMatch(/stack|f\.ts|said to the operator|\.splice/);
  await serving.close();
  server?.child.kill("SIGTERM");
  await server?.finished;
  await project.nothingLeft();
  await project.clean();

  const developing = await start(true);
  expect(await errorOf(developing.call("f.throws", {}, asAda))).toMatch(
    /"stack":"TypeError: said to the caller.*f\.ts:/,
  );
  expect(await errorOf(developing.call("f.dies", {}, asAda))).toMatch(/said to the operator/);
});
