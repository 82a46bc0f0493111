// A supervisor that the test plays, one connection after the other, over the in-memory twin of a socket.

import { ClientConnection } from "../../src/client/connection.js";
import { ConnectedSplice } from "../../src/client/connected-splice.js";
import { Link } from "../../src/client/link.js";
import { SpliceError } from "../../src/errors.js";
import { Decoder, encode, type Invoke, type Message } from "../../src/protocol/index.js";
import { encodeValue } from "../../src/protocol/values.js";
import type { ByteDuplex } from "../../src/transport/duplex.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

export const ack = {
  type: "HandshakeAck",
  protocolVersion: 0x1_0000,
  capabilities: 2,
  serverId: Array<number>(16).fill(1),
  exportCount: 0,
} as const;

/** Lets everything that is written arrive, and its answers too. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate);
}

export interface Accepted {
  readonly received: Message[];
  readonly peer: ByteDuplex;
  invokes(): readonly Invoke[];
  send(message: Message): void;
  answer(requestId: number | bigint, value: unknown): void;
}

/** `isUp` false refuses connections, as when no supervisor is there. */
export function supervisorTwin(random: () => number = () => 0.5) {
  const clock = createVirtualClock();
  const accepted: Accepted[] = [];
  const attemptsAtMs: number[] = [];
  const state = { isUp: true };

  const accept = (): ByteDuplex => {
    const [left, right] = createMemoryPair();
    const received: Message[] = [];
    const decoder = new Decoder();
    const send = (message: Message): void => {
      right.write(encode(message), () => undefined);
    };
    right.attach({
      data: (chunk) => {
        const messages = decoder.push(chunk);
        received.push(...messages);
        if (messages.some(({ type }) => type === "Handshake")) send(ack);
      },
      drain: () => undefined,
      end: () => {
        right.end();
      },
      close: () => undefined,
    });
    right.resume();
    accepted.push({
      received,
      peer: right,
      send,
      invokes: () => received.filter((message): message is Invoke => message.type === "Invoke"),
      answer: (requestId, value) => {
        send({ type: "InvokeResult", requestId, result: encodeValue(value), durationUs: 1 });
      },
    });
    return left;
  };
  const open = async (): Promise<ClientConnection> => {
    attemptsAtMs.push(clock.now());
    if (!state.isUp) throw new SpliceError({ code: 3001, message: "Nobody is there." });
    const connection = new ClientConnection(accept(), clock);
    await connection.ready;
    return connection;
  };
  const link = new Link({ clock, random, open });
  const splice = new ConnectedSplice(link, clock, random);
  return {
    clock,
    link,
    splice,
    state,
    accepted,
    attemptsAtMs,
    start: async (): Promise<void> => {
      const starting = link.start(0);
      await settle();
      await starting;
    },
    /** The newest connection. */
    get last(): Accepted {
      const last = accepted.at(-1);
      if (last === undefined) throw new Error("Nobody has connected.");
      return last;
    },
    /** Never rejects. */
    call: (options?: Parameters<typeof splice.call>[2]) =>
      splice.call("f", {}, options).then(
        (value) => ({ value, code: 0 }),
        (error: unknown) => error as SpliceError,
      ),
  };
}
