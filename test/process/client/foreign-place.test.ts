// A socket path that nobody named and that lies outside of the project, where another user may have been first: whoever
// answers in a directory that is not private is sent nothing.

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { once } from "node:events";
import { chmod, chown, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { defaultSocketPath } from "../../../src/transport/socket-path.js";
import { type Finished, main, Project } from "../cli/run-cli.js";
import { root } from "../harness.js";

const connectProgram = `
  import { connect } from ${JSON.stringify(pathToFileURL(join(root, "dist/index.js")).href)};
  await connect().catch(({ code, details, message }) => {
    console.error(code, JSON.stringify(details), message);
    process.exit(1);
  });
`;

let project: Project;
/** Too deep for a socket of its own. */
let folder = "";
let runtimeDir = "";
let socket = "";
let stranger: Server;
let connections = 0;

beforeEach(async () => {
  project = await Project.make();
  folder = join(project.folder, "d".repeat(60), "e".repeat(60));
  runtimeDir = join(project.folder, "rt");
  await mkdir(runtimeDir, { mode: 0o700 });
  await mkdir(join(folder, "functions"), { recursive: true });
  await writeFile(join(folder, "functions/a.ts"), "export function f() { return 1; }");
  socket = defaultSocketPath({
    projectDir: folder,
    env: { XDG_RUNTIME_DIR: runtimeDir },
    tempDir: "/",
    uid: 0,
  });
  connections = 0;
  stranger = createServer((peer) => {
    connections++;
    peer.destroy();
  });
});

afterEach(async () => {
  await new Promise((resolve) => stranger.close(resolve));
  await project.nothingLeft();
  await project.clean();
});

/** The stranger answers at the default path; what `make` does to its directory was done before. */
async function squat(make: (directory: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(socket), { mode: 0o700 });
  stranger.listen(socket);
  await once(stranger, "listening");
  await make(dirname(socket));
}

function inFolder(program: string, args: readonly string[]): Promise<Finished> {
  const env = { XDG_RUNTIME_DIR: runtimeDir };
  return project.spawn("/bin/sh", ["-c", 'cd "$0" && exec "$@"', folder, program, ...args], { env }).finished;
}

const isRoot = process.getuid?.() === 0;
const places: readonly (readonly [string, (directory: string) => Promise<void>, RegExp])[] = [
  [
    "that others may write to",
    (directory) => chmod(directory, 0o777),
    /can be written by others \(mode 0777\)/,
  ],
  [
    "behind a symbolic link",
    async (directory) => {
      await rename(directory, `${directory}.elsewhere`);
      await symlink(`${directory}.elsewhere`, directory);
    },
    /is a symbolic link/,
  ],
  // Only root can give a directory away.
  ...(isRoot
    ? ([
        ["of another user", (directory: string) => chown(directory, 4_242, 0), /belongs to another user/],
      ] as const)
    : []),
];

test.each(places)(
  "a directory %s: commands and connect() refuse, and nobody is connected to",
  async (_, make, why) => {
    await squat(make);
    for (const args of [["call", "a.f"], ["list"], ["status"], ["stop"]]) {
      const { code, stderr } = await inFolder(process.execPath, [main, ...args]);
      expect([args, code, stderr]).toEqual([args, 1, expect.stringMatching(why)]);
    }
    const { code, stderr } = await inFolder(process.execPath, ["--input-type=module", "-e", connectProgram]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(why)]);
    expect(stderr).toContain('3001 {"reason":"foreign-place"}');
    expect(connections).toBe(0);
  },
);

test("a private one is connected to, and so is any socket that is named", async () => {
  await squat(() => Promise.resolve());
  await inFolder(process.execPath, [main, "status"]);
  expect(connections).toBeGreaterThan(0);
  const before = connections;
  await mkdir(join(runtimeDir, "named"));
  await rename(socket, join(runtimeDir, "named/s"));
  await chmod(join(runtimeDir, "named"), 0o777);
  await inFolder(process.execPath, [main, "status", "--socket", join(runtimeDir, "named/s")]);
  expect(connections).toBeGreaterThan(before);
});
