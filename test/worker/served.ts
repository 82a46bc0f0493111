// A worker's link, session and runtime over a real socket pair, with functions that live in the test, and its
// supervisor in the test's hands.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../src/contract/context-type.js";
import { createLink } from "../../src/worker/link.js";
import { createRegistry } from "../../src/worker/registry.js";
import { createSession, type Session } from "../../src/worker/session.js";
import { ack, Peer } from "./peer.js";

export type Functions = Readonly<Record<string, (params: never, context: Context) => unknown>>;

export interface Served {
  readonly peer: Peer;
  /** The supervisor's end: what it does not read lies there. */
  readonly socket: Socket;
  /** What became of the link: "gone", "ended", or a fault in words. */
  readonly happened: string[];
  close(): Promise<void>;
}

/** Greets, so that everything can be called; streams may be `windowChunks` ahead of their readers. */
export async function serve(
  functions: Functions,
  windowChunks = 4,
  maxFrameBytes = 1_000_000,
): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "splice-served-"));
  const happened: string[] = [];
  const server = createServer().listen(join(folder, "s"));
  await once(server, "listening");
  const workerSocket = connect(join(folder, "s"));
  const [socket] = (await once(server, "connection")) as [Socket];
  server.close();
  const peer = new Peer(socket);
  const link = createLink(workerSocket, maxFrameBytes, {
    message: (message) => {
      session.receive(message);
    },
    fault: (error) => {
      happened.push(String(error));
    },
    gone: () => {
      happened.push("gone");
    },
  });
  const session: Session = createSession({
    link,
    dev: false,
    windowChunks,
    finished: () => {
      link.end(() => {
        happened.push("ended");
      });
    },
  });
  session.open();
  session.provide(createRegistry({ folder: "f", modules: [["index.ts", functions]] }));
  await peer.next("Handshake");
  peer.send(ack({ capabilities: 3 }), { type: "ListExports" });
  await peer.next("ListExportsResult");
  return {
    peer,
    socket,
    happened,
    close: async () => {
      socket.destroy();
      workerSocket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
