// examples/docker: the Dockerfile says what it should, what it copies is there, and its steps, done by hand where there is
// no docker, make a folder that serves, is found healthy, and stops.

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { Project } from "../cli/run-cli.js";
import { root, until } from "../harness.js";
import { execForm, readDockerfile } from "./units.js";

const example = join(root, "examples/docker");
let project: Project | null = null;

afterEach(async () => {
  await project?.nothingLeft();
  await project?.clean();
  project = null;
});

test("two stages; what is copied is there; not as root; under an init that passes signals on", async () => {
  const [build, run, ...others] = await readDockerfile(join(example, "Dockerfile"));
  expect(others).toEqual([]);
  const names = (name: string) => run?.steps.filter((step) => step.name === name).map(({ rest }) => rest);
  expect(names("USER")).toEqual(["node"]);
  expect(names("STOPSIGNAL")).toEqual(["SIGTERM"]);
  expect(names("COPY")).toEqual([`--from=${String(build?.name)} /app ./`]);
  expect(execForm(run, "ENTRYPOINT")).toEqual(["tini", "--"]);
  for (const step of [...(build?.steps ?? []), ...(run?.steps ?? [])]) {
    if (step.name === "FROM") expect(step.rest).toMatch(/^node:\d+-[a-z-]+( AS build)?$/);
    if (step.name !== "COPY" || step.rest.startsWith("--from=")) continue;
    const [source = ""] = step.rest.split(" ");
    expect([source, existsSync(join(example, source.replace("*", "")))]).toEqual([source, true]);
  }
  // One socket for what serves and what asks whether it does.
  const socketOf = (words: readonly string[]) => words[words.indexOf("--socket") + 1];
  expect(socketOf(execForm(run, "HEALTHCHECK"))).toBe(socketOf(execForm(run, "CMD")));
});

test("its steps make a folder that serves, is healthy, and stops (by hand: no docker is used here)", async () => {
  const [build, run] = await readDockerfile(join(example, "Dockerfile"));
  project = await Project.make({});
  const image = await mkdtemp(join(tmpdir(), "si-"));
  const [work, app] = [join(image, "project"), join(image, "app")];
  await cp(example, work, { recursive: true });
  // In place of `npm install`: the package as it is built here.
  const install = async (folder: string): Promise<void> => {
    await mkdir(join(folder, "node_modules/.bin"), { recursive: true });
    await symlink(root, join(folder, "node_modules/splice-runtime"));
    await symlink("../splice-runtime/dist/cli/main.js", join(folder, "node_modules/.bin/splice"));
  };
  await install(work);
  const steps = build?.steps.filter(({ name }) => name === "RUN").map(({ rest }) => rest) ?? [];
  expect(steps.filter((step) => step.startsWith("npm install"))).toHaveLength(2);
  const [step = ""] = steps.filter((each) => !each.startsWith("npm install"));
  const built = await project.spawn("sh", ["-c", `cd ${work} && ${step.replace("/app", app)}`]).finished;
  expect(built).toMatchObject({ code: 0, stderr: "" });
  await install(app);
  const socket = join(project.folder, "splice.sock");
  const inImage = (words: readonly string[]) =>
    project?.spawn("sh", [
      "-c",
      `cd ${app} && exec "$@"`,
      "sh",
      ...words.map((word) => word.replace("/run/splice/splice.sock", socket)),
    ]);
  const check = async () => (await inImage(execForm(run, "HEALTHCHECK"))?.finished)?.code;
  expect(await check()).toBe(3);
  const served = inImage(execForm(run, "CMD"));
  await until("it serves", () => existsSync(socket));
  expect(await check()).toBe(0);
  const called = await project.run(["call", "greet.hello", '{"name":"Ada"}', "--socket", socket]);
  expect(called.stdout).toBe('"Hello, Ada!"\n');
  served?.child.kill("SIGTERM");
  expect((await served?.finished)?.code).toBe(0);
  await rm(image, { recursive: true, force: true });
}, 60_000);
