// `splice dev` on a terminal: one screen, drawn from the status, the events and the log, and left as it was found.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { until } from "../harness.js";
import { OnTerminal, type TerminalSize } from "./on-terminal.js";
import { cliFixtures, Project } from "./run-cli.js";

const first = `export const f = () => { console.log("hello from f"); return 1; };\n`;

let project: Project;
let terminal: OnTerminal;

const edit = (source: string) => writeFile(join(project.folder, "functions/a.ts"), source);
const call = async () => (await project.run(["call", "a.f"])).stdout.trim();

afterEach(async () => {
  terminal.child.kill("SIGTERM");
  await project.nothingLeft();
  await project.clean();
});

async function start(
  source = first,
  size?: TerminalSize,
  env?: Readonly<Record<string, string>>,
): Promise<void> {
  project = await Project.make({ "package.json": "{}", "functions/a.ts": source });
  terminal = new OnTerminal(project, ["dev"], size, env);
}

test("pools, workers, functions, calls, the last reload and the log; a syntax error with its place until it is mended", async () => {
  await start();
  await terminal.shows(/running .* \.splice\/splice\.sock/);
  await terminal.shows(/app:1 +ready +\d+ +1 /);
  expect(await call()).toBe("1");
  await terminal.shows("app:1 │ hello from f");
  await terminal.shows(/a\.f +app +0 +1 +0 +[\d.]+ [um]s/);
  await terminal.shows(/calls .* 1 in all, 0 failed/);
  await edit("export const f = () => 2;\nexport const g = () => 2;\n");
  await terminal.shows(/reload +app additive \d+s ago +generation app \d+/);
  await terminal.shows(/a\.g +app/);
  await edit("export const f = () => 3;\nexport const g = (;\n");
  await terminal.shows(/reload +app failed \d+s ago, generation \d+ serves on/);
  await terminal.shows(/a\.ts:2:\d+/);
  await terminal.shows("> 2 | export const g = (;");
  expect(await call()).toBe("2");
  await edit("export const f = () => 4;\nexport const g = () => 2;\n");
  await terminal.shows(/reload +app identical/);
  expect(terminal.screen.join("\n")).not.toMatch(/^> 2 \|/m);
  // What has changed is written over; the screen is emptied but once.
  expect(terminal.output.split("\u001b[2J")).toHaveLength(2);
  terminal.press("q");
  expect(await terminal.finished).toBe(0);
  const left = terminal.output.slice(terminal.output.lastIndexOf("\u001b[?25h\u001b[?1049l"));
  expect(left).toMatch(/^\u001b\[\?25h\u001b\[\?1049l.*The supervisor has stopped\./s);
});

test("functions that throw as they are imported: the message, and it serves after the edit that mends them", async () => {
  await start('throw new Error("no database");\nexport const f = () => 1;\n');
  await terminal.shows("does not start; waiting for an edit");
  await terminal.shows("no database");
  await edit(first);
  await terminal.shows("running");
  expect(await call()).toBe("1");
  terminal.press("\u0003");
  expect(await terminal.finished).toBe(0);
});

describe("keys", () => {
  test("r reloads, c clears the log, l chooses what it shows", async () => {
    await start();
    await terminal.shows("serving 1 functions");
    terminal.press("r");
    await terminal.shows("r: reloading");
    await terminal.shows("pool app is unchanged");
    terminal.press("c");
    await until("the log is empty", () => !terminal.screen.join("\n").includes("unchanged"));
    terminal.press("l");
    await terminal.shows("l log level: warn");
    expect(await call()).toBe("1");
    await terminal.shows(/calls .* 1 in all/);
    expect(terminal.screen.join("\n")).not.toContain("hello from f");
    terminal.press("lll");
    await terminal.shows("l log level: info");
    await terminal.shows("hello from f");
    terminal.press("q");
    expect(await terminal.finished).toBe(0);
  });

  test("q drains, and said again it hurries", async () => {
    await start(
      'import { writeFileSync } from "node:fs";\nexport async function f() { writeFileSync("runs", ""); await new Promise((r) => setTimeout(r, 60_000)); }\n',
    );
    await terminal.shows("running");
    const calling = project.start(["call", "a.f", "--timeout", "60000"]);
    await terminal.shows("1 active");
    terminal.press("q");
    await terminal.shows("q: draining");
    await terminal.shows("q quit now");
    terminal.press("q");
    expect(await terminal.finished).toBe(0);
    expect((await calling.finished).code).toBe(1);
  });
});

test("a narrow and low terminal: no line is wider, none too many; NO_COLOR: no colours", async () => {
  await start(first, { columns: 40, rows: 12 }, { NO_COLOR: "1" });
  await terminal.shows("running");
  await edit("export const f = (;\n");
  await terminal.shows("app failed");
  expect(terminal.screen.length).toBeLessThanOrEqual(12);
  for (const line of terminal.screen) expect(line.length).toBeLessThanOrEqual(40);
  expect(terminal.output.replaceAll("\u001b[0m", "")).not.toMatch(/\u001b\[[\d;]*m/);
  expect(await call()).toBe("1");
  terminal.press("q");
  expect(await terminal.finished).toBe(0);
});

/** Of `splice dev`, as its first line tells it. */
const pid = (): number => Number(/pid (\d+)/.exec(terminal.screen[0] ?? "")?.[1]);

test("a fault of its own, too, leaves the terminal as it was, and is printed where it stays to be read", async () => {
  await start(first, undefined, { NODE_OPTIONS: `--import ${join(cliFixtures, "throw-on-signal.mjs")}` });
  await terminal.shows("running");
  process.kill(pid(), "SIGUSR2");
  expect(await terminal.finished).not.toBe(0);
  const left = terminal.output.slice(terminal.output.lastIndexOf("\u001b[?25h\u001b[?1049l"));
  expect(left).toMatch(/^\u001b\[\?25h\u001b\[\?1049l.*a fault that nobody foresaw/s);
});

test("a signal, too, leaves the terminal as it was", async () => {
  await start();
  await terminal.shows("running");
  process.kill(pid(), "SIGTERM");
  expect(await terminal.finished).toBe(0);
  expect(terminal.output).toContain("\u001b[?25h\u001b[?1049l");
});
