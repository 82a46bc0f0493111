// A real sender and a real reader of a stream with a link between them that carries what the model says, checked on the
// way as dispatch checks it.

import { test } from "@jest/globals";
import { IncomingStream } from "../../src/contract/incoming-stream.js";
import { OutgoingStream } from "../../src/contract/outgoing-stream.js";
import { maxUnackedBytes, StreamCredit } from "../../src/protocol/credit.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { announceModels } from "./announce.js";
import { creditCases, creditModel, items, window } from "./credit-model.js";
import { same, walkTimeoutMs } from "./same.js";

const announce = announceModels();

function subject(isLarge: boolean): ModelSubject<typeof creditModel> {
  const middle = new StreamCredit(window);
  const breaches: (string | null)[] = [];
  const chunks: { readonly sequence: number; readonly data: Uint8Array }[] = [];
  const acks: number[] = [];
  const read: number[] = [];
  let [came, told, cancels, asked, isReturned, isOver] = [0, 0, 0, 0, false, false];
  let give: ((step: IteratorResult<unknown>) => void) | null = null;

  const incoming = new IncomingStream({
    decode: (data) => data[0],
    acknowledge: (sequence) => {
      told = sequence + 1;
      acks.push(sequence);
    },
    cancel: () => {
      cancels += 1;
    },
  });
  incoming.start(window);
  const outgoing = new OutgoingStream(window, {
    isOver: () => isOver,
    send: (sequence, data) => {
      breaches.push(middle.receive(sequence, data.length));
      chunks.push({ sequence, data });
    },
  });
  const source = {
    next: () => {
      asked += 1;
      return new Promise<IteratorResult<unknown>>((resolve) => {
        give = resolve;
      });
    },
    return: () => {
      isReturned = true;
    },
  };
  const pumped = outgoing.pump(source, (item) => {
    const data = new Uint8Array(isLarge ? maxUnackedBytes / 2 : 1);
    data[0] = Number(item);
    return data;
  });
  const turn = () => new Promise(setImmediate);
  const compare = async ({ state }: ModelStep<typeof creditModel>): Promise<void> => {
    await turn();
    const { sent, isHeld, isAwaited } = state.context;
    same(
      {
        sent: outgoing.chunks,
        read,
        told,
        // It is asked for one item beyond those that it gave, where there is a window for it.
        asked: state.value === "open" ? asked : null,
        isAwaited: incoming.isAwaited,
        cancels,
        isReturned,
        breaches: breaches.filter((breach) => breach !== null),
      },
      {
        sent,
        read: Array.from({ length: state.context.read }, (_, item) => item),
        told: state.context.told,
        asked: state.value === "open" ? given(state.context.heard, sent, isHeld) : null,
        isAwaited: state.value === "open" && isAwaited,
        cancels: state.value === "left" ? 1 : 0,
        isReturned: state.value === "left",
        breaches: [],
      },
    );
  };
  let made = 0;
  return {
    events: {
      made: () => {
        give?.({ done: false, value: made });
        made += 1;
      },
      came: () => {
        const chunk = chunks[came];
        came += 1;
        if (chunk !== undefined) breaches.push(incoming.chunk(chunk.sequence, chunk.data));
      },
      asked: () => {
        void incoming.next().then((step) => {
          if (step.done !== true) read.push(Number(step.value));
        });
      },
      heard: () => {
        for (const sequence of acks.splice(0)) {
          breaches.push(middle.acknowledge(sequence, window), outgoing.acknowledge(sequence, window));
        }
      },
      ended: async () => {
        give?.({ done: true, value: undefined });
        outgoing.wake();
        breaches.push(middle.end(items), incoming.end(items));
        await turn();
      },
      left: async () => {
        await incoming.return();
        isOver = true;
        // What it gives now is nobody's any more.
        give?.({ done: false, value: made });
        outgoing.wake();
        await turn();
      },
    },
    states: { open: compare, ended: compare, left: compare },
    end: async () => {
      isOver = true;
      outgoing.wake();
      (give as ((step: IteratorResult<unknown>) => void) | null)?.({ done: true, value: undefined });
      await pumped;
    },
  };
}

/** How often the source has been asked: for each that it gave, and for the next one where there is a window. */
function given(heard: number, sent: number, isHeld: boolean): number {
  const gave = sent + (isHeld ? 1 : 0);
  return !isHeld && sent < heard + window ? gave + 1 : gave;
}

test.each([
  ["small", false],
  ["large", true],
])(
  "both ends of a stream of %s items do what the other may rely on",
  async (size, isLarge) => {
    const coverage = await testEveryTransition(creditModel, {
      subject: () => subject(isLarge),
      cases: (state) => creditCases(state),
      input: { isLarge },
    });
    announce.model(`credit (${size} items)`, coverage);
  },
  walkTimeoutMs,
);
