// The workers by hand of the fixtures, in this process: each link is a real socket, and leaving ends its worker alone.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { listenForOne } from "../../src/actors/private-listener.js";
import type { Ending, StartSubject } from "../../src/testing/conform/subject.js";

interface Place {
  readonly socket: Socket;
  readonly leave: (exitCode: number) => void;
  readonly print: (line: string) => void;
}

interface ByHand {
  readonly serve: (otherwise: unknown, place: Place) => void;
  readonly ways: Readonly<Record<string, unknown>>;
}

const folder = "../fixtures/conform/broken";

export async function startByHand(name: string): Promise<StartSubject> {
  const modules: unknown[] = [await import(`${folder}/serve.mjs`), await import(`${folder}/ways.mjs`)];
  const { serve, ways } = Object.assign({}, ...modules) as ByHand;
  const otherwise = ways[name];
  if (otherwise === undefined) throw new Error(`There is no worker by hand named ${name}.`);

  return async () => {
    const listener = listenForOne();
    const socket = connect({ path: listener.path });
    await once(socket, "connect");
    const gone = new Promise((resolve) => socket.once("close", resolve));
    let stderr = "";
    let kill = (): void => undefined;
    const left = new Promise<Ending>((resolve) => {
      kill = () => {
        resolve({ exitCode: null, signal: "SIGKILL" });
      };
      const leave = (exitCode: number): void => {
        socket.destroy();
        resolve({ exitCode, signal: null });
      };
      serve(otherwise, { socket, leave, print: (line) => (stderr += `${line}\n`) });
    });
    const duplex = await listener.connected;
    // The end of a process is seen after what it wrote.
    const isRead = new Promise<void>((resolve) => {
      const { attach } = duplex;
      duplex.attach = (handlers) => {
        attach({
          ...handlers,
          end: () => {
            handlers.end();
            resolve();
          },
          close: (error) => {
            handlers.close(error);
            resolve();
          },
        });
      };
    });
    const destroy = async (): Promise<void> => {
      kill();
      duplex.destroy();
      socket.destroy();
      await gone;
    };
    return { duplex, exited: isRead.then(() => left), destroy, stderrTail: () => stderr };
  };
}
