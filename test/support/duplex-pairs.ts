// Connected pairs of duplexes for one test table: a real Unix socket and the in-memory twin.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromSocket, type ByteDuplex } from "../../src/transport/duplex.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";

export type MakePair = () => Promise<[ByteDuplex, ByteDuplex]>;

export async function socketPair(): Promise<[Socket, Socket]> {
  const directory = await mkdtemp(join(tmpdir(), "splice-pair-"));
  const server = createServer();
  server.listen(join(directory, "s"));
  await once(server, "listening");
  const client = connect({ path: join(directory, "s") });
  const [accepted] = (await once(server, "connection")) as [Socket];
  if (client.connecting) await once(client, "connect");
  server.close();
  await rm(directory, { recursive: true, force: true });
  return [client, accepted];
}

export const pairKinds: [string, MakePair][] = [
  [
    "a Unix socket",
    async () => {
      const [left, right] = await socketPair();
      return [fromSocket(left), fromSocket(right)];
    },
  ],
  ["the memory twin", () => Promise.resolve(createMemoryPair())],
];

/** A peer that speaks raw bytes: collects what comes, remembers how it ended. */
export interface RawPeer {
  readonly received: () => Uint8Array;
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  destroy(): void;
  pause(): void;
  resume(): void;
  readonly ended: Promise<void>;
  readonly closed: Promise<Error | undefined>;
}

export function rawPeer(duplex: ByteDuplex, options: { reads?: boolean } = {}): RawPeer {
  const chunks: Uint8Array[] = [];
  let ended: () => void = () => undefined;
  let closed: (error: Error | undefined) => void = () => undefined;
  const endedPromise = new Promise<void>((resolve) => (ended = resolve));
  const closedPromise = new Promise<Error | undefined>((resolve) => (closed = resolve));
  duplex.attach({
    data: (chunk) => chunks.push(Uint8Array.from(chunk)),
    drain: () => undefined,
    end: () => {
      ended();
    },
    close: (error) => {
      closed(error);
    },
  });
  if (options.reads !== false) duplex.resume();
  return {
    received: () => Buffer.concat(chunks),
    write: (bytes) =>
      new Promise((resolve) => {
        duplex.write(bytes, resolve);
      }),
    end: () => {
      duplex.end();
    },
    destroy: () => {
      duplex.destroy();
    },
    pause: () => {
      duplex.pause();
    },
    resume: () => {
      duplex.resume();
    },
    ended: endedPromise,
    closed: closedPromise,
  };
}
