// A host socket that another process opened and passed on, as a service manager does: this one accepts on it, and leaves
// its file alone. Knows no message.

import { fstatSync, lstatSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fromSocket } from "./duplex.js";
import { ListenError } from "./listen-error.js";
import type { ListenOptions, UnixListener } from "./listener.js";

/** Where the first descriptor is that is passed on; there may be but one. */
const firstFd = 3;

export interface PassedSocket {
  readonly fd: number;
  /** Where Linux says that it is bound; null where nobody says. */
  readonly path: string | null;
}

/**
 * The socket that the two variables of socket activation speak of; null without them, and when they are for another
 * process, which left them behind. @throws ListenError for more than one socket.
 */
export function passedSocket(
  { fds, forPid }: { readonly fds: string | undefined; readonly forPid: string | undefined },
  pid: number,
): PassedSocket | null {
  if (fds === undefined || forPid !== String(pid) || fds === "0") return null;
  if (fds === "1") return { fd: firstFd, path: pathOf(firstFd) };
  throw new ListenError(
    "io",
    "",
    `LISTEN_FDS is ${JSON.stringify(fds)}, but a supervisor has one socket; name one ListenStream in its socket unit.`,
  );
}

/** Listens on `fd`. @throws ListenError when that is no Unix socket that listens. */
export async function listenOnPassedSocket(fd: number, options: ListenOptions): Promise<UnixListener> {
  const { path } = options;
  // As listener.ts has it.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.once("close", () => options.onGone?.());
    options.onConnection(fromSocket(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const message = `Descriptor ${String(fd)}, which LISTEN_FDS speaks of, is no Unix socket that listens: ${error.message}.`;
      reject(new ListenError("io", path, message, error));
    });
    server.once("listening", resolve);
    server.listen({ fd });
  });
  server.removeAllListeners("error");
  server.on("error", (error) => options.onError?.(error));
  return {
    path,
    close: () => {
      // Who connects from now on waits for whoever accepts on it next.
      server.close();
      return Promise.resolve();
    },
  };
}

function pathOf(fd: number): string | null {
  try {
    const inode = String(fstatSync(fd).ino);
    for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
      // Num RefCount Protocol Flags Type St Inode Path
      const [, found, path] = /^(?:\S+\s+){6}(\d+) (\/.*)$/.exec(line) ?? [];
      if (found === inode && path !== undefined && lstatSync(path).isSocket()) return path;
    }
  } catch {
    // Told by the configuration then.
  }
  return null;
}
