// Can the socket be had, and who has it now? The directory's owner and mode, what lies at the path, who answers, who
// holds the start lock. The path's length was refused before by whoever resolved it.

import { lstat, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../errors.js";
import { complaintAbout } from "../../transport/private-directory.js";
import { maxSocketPathBytes } from "../../transport/socket-path.js";
import { probeSocket } from "../../transport/socket-probe.js";
import { askStatus, connectTo } from "../supervisor.js";
import { fail, type Finding, ok, warn } from "./finding.js";
import { modeOf } from "./mode.js";
import { lookAtStartLock } from "./start-lock.js";

/** A supervisor that takes longer to tell its status is as good as none. */
const statusTimeoutMs = 5000;

export async function lookAtSocket(path: string | false): Promise<readonly Finding[]> {
  if (path === false) {
    return [
      warn("socket", "the configuration says that there is none, so no command can reach a supervisor."),
    ];
  }
  const length = `${Buffer.byteLength(path)} of at most ${maxSocketPathBytes} bytes`;
  return [
    ok("socket path", `${path} (${length}).`),
    await lookAtDirectory(dirname(path)),
    ...(await lookAtStartLock(path)),
    await lookAtFile(path),
  ];
}

async function lookAtDirectory(directory: string): Promise<Finding> {
  const name = "socket directory";
  const uid = process.getuid?.() ?? 0;
  const link = await lstat(directory).catch(() => undefined);
  if (link === undefined) return ok(name, `${directory} is not there yet; it will be made for you alone.`);
  const isForeignLink = link.isSymbolicLink() && (link.uid !== 0 || uid === 0);
  if (isForeignLink) return fail(name, `${directory} is a symbolic link; name the directory itself.`);
  const found = link.isSymbolicLink() ? await stat(directory) : link;
  if (!found.isDirectory()) return fail(name, `${directory} is not a directory.`);
  const complaint = complaintAbout(found, uid);
  if (complaint !== undefined)
    return fail(name, `${directory} ${complaint}; make it yours alone (chmod 700).`);
  return ok(name, `${directory} has mode ${modeOf(found.mode)} and belongs to uid ${found.uid}.`);
}

async function lookAtFile(path: string): Promise<Finding> {
  const name = "socket";
  try {
    const presence = await probeSocket(path);
    if (presence.type === "missing") return ok(name, "nobody serves here now.");
    if (presence.type === "stale")
      return warn(name, "a supervisor that died left its socket behind; the next one replaces it.");
    const { mode, uid } = await stat(path);
    const owner = `mode ${modeOf(mode)}, uid ${uid}`;
    const closed = (mode & 0o077) === 0;
    const answer = await whoAnswers(path);
    if (answer.level !== "ok" || closed) return { ...answer, message: `${answer.message} (${owner})` };
    return warn(name, `${answer.message} (${owner}: others may call it too)`);
  } catch (error) {
    return fail(name, messageOf(error));
  }
}

async function whoAnswers(path: string): Promise<Finding> {
  try {
    const connection = await connectTo(path);
    try {
      const status = await askStatus(connection, AbortSignal.timeout(statusTimeoutMs));
      const { version, pid, state } = status;
      return ok("socket", `splice ${version} answers, pid ${pid}, ${state}.`);
    } finally {
      connection.close();
    }
  } catch (error) {
    return fail("socket", `somebody listens there, but does not answer as a supervisor: ${messageOf(error)}`);
  }
}
