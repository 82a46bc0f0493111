// The one door for bytes: what a link needs of a socket, and the adapter that makes it of a net.Socket.
// Knows no frame, no message and no reason why a link ends.

import type { Socket } from "node:net";

export interface DuplexHandlers {
  /** Bytes came. The chunk is the receiver's to keep. */
  data(chunk: Uint8Array): void;
  /** After `write` returned false: what was queued is written, write on. */
  drain(): void;
  /** The peer will send nothing more; our side can still write. */
  end(): void;
  /** Gone in both directions, with the error that ended it if one did. Called once, always later, never inside a call. */
  close(error?: Error): void;
}

/** Bytes in both directions, in order. Nothing here throws, also not after the end. */
export interface ByteDuplex {
  /**
   * Queues bytes, which the caller leaves unchanged until `done`: called when they are handed on, never when they
   * are lost. False asks the caller to wait for `drain`; the bytes are taken all the same.
   */
  write(bytes: Uint8Array, done: () => void): boolean;
  /** After everything written so far, tells the peer that nothing more comes. Reading goes on. */
  end(): void;
  /** Ends both directions now; bytes not yet handed on are lost. */
  destroy(): void;
  /** Stops and starts reading. A duplex starts paused. */
  pause(): void;
  resume(): void;
  /** Once, before anything else. */
  attach(handlers: DuplexHandlers): void;
}

/**
 * The duplex over a socket that Node has connected or accepted, or over a child's extra stdio entry. Take it as soon
 * as the socket is there: from then on its errors are kept for `close` instead of ending the process.
 */
export function fromSocket(socket: Socket): ByteDuplex {
  let failure: Error | undefined;
  let isClosed = socket.closed;
  socket.on("error", (error) => {
    failure ??= error;
  });
  socket.on("close", () => {
    isClosed = true;
  });
  // The stream above decides when our side ends, because it may have bytes that the socket has not seen yet.
  socket.allowHalfOpen = true;
  socket.pause();

  return {
    write: (bytes, done) =>
      socket.write(bytes, (error) => {
        if (!error) done();
      }),
    end() {
      socket.end();
    },
    destroy() {
      socket.destroy();
    },
    pause() {
      socket.pause();
    },
    resume() {
      socket.resume();
    },
    attach(handlers) {
      const close = () => {
        if (failure) handlers.close(failure);
        else handlers.close();
      };
      if (isClosed) {
        queueMicrotask(close);
        return;
      }
      socket.on("data", (chunk: Buffer) => {
        handlers.data(chunk);
      });
      socket.on("drain", () => {
        handlers.drain();
      });
      socket.on("end", () => {
        handlers.end();
      });
      socket.on("close", close);
    },
  };
}
