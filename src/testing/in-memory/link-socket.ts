// The worker's end of a link in memory, as the socket that the worker's link expects. Knows bytes alone.

import { EventEmitter } from "node:events";
import type { ByteDuplex } from "../../transport/duplex.js";
import type { LinkSocket } from "../../worker/link.js";

export function linkSocketOf(duplex: ByteDuplex): LinkSocket {
  const events = new EventEmitter();
  let writableLength = 0;
  duplex.attach({
    data: (chunk) => events.emit("data", chunk),
    drain: () => undefined,
    end: () => events.emit("end"),
    close: () => events.emit("close"),
  });
  duplex.resume();
  const write = (bytes: Uint8Array, done: () => void): void => {
    writableLength += bytes.length;
    duplex.write(bytes, () => {
      writableLength -= bytes.length;
      done();
    });
  };
  return {
    get writableLength() {
      return writableLength;
    },
    cork: () => undefined,
    uncork: () => undefined,
    write,
    pause: () => {
      duplex.pause();
    },
    resume: () => {
      duplex.resume();
    },
    end: (done) => {
      write(new Uint8Array(0), done);
      duplex.end();
    },
    on: (event: string, listener: (chunk: Uint8Array) => void) => events.on(event, listener),
  };
}
