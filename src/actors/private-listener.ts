// The compatible worker link: a Unix socket made for one spawn, under a random name in a directory only we can
// enter. One connection is accepted, then there is no listener any more, so nobody else can pose as the worker.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromSocket, type ByteDuplex } from "../transport/duplex.js";

export interface PrivateListener {
  readonly path: string;
  readonly connected: Promise<ByteDuplex>;
  /** Also forgets the directory; the connection, if there is one, stays. */
  close(): void;
}

/** @throws when the directory for temporary files cannot be written to. */
export function listenForOne(): PrivateListener {
  // mkdtemp makes the directory with mode 0700, so the socket's own mode does not matter.
  const directory = mkdtempSync(join(tmpdir(), "splice-"));
  const path = join(directory, "worker.sock");
  const server = createServer();
  const close = (): void => {
    server.close();
    try {
      // The socket first: an empty directory can be removed even when no descriptor is free to read it with.
      rmSync(path, { force: true });
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // What cannot be removed stays; it holds nothing that anybody could connect to.
    }
  };
  const connected = new Promise<ByteDuplex>((resolve, reject) => {
    server.once("error", (error) => {
      reject(error);
      close();
    });
    server.once("close", () => {
      reject(new Error("The worker ended before it connected."));
    });
    server.once("connection", (socket) => {
      resolve(fromSocket(socket));
      close();
    });
  });
  server.listen(path);
  return { path, connected, close };
}
