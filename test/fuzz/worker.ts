// F3 from the other side, the session of a worker: whatever its supervisor says, it answers as the table says or refuses,
// and nothing else escapes from it.

import { encode } from "../../src/protocol/index.js";
import { Decoder, WireDecoder } from "../../src/protocol/decoder.js";
import type { Message } from "../../src/protocol/messages.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import type { Link } from "../../src/worker/link.js";
import { createRegistry } from "../../src/worker/registry.js";
import { createSession, SessionError, type Session } from "../../src/worker/session.js";
import { mutate } from "../protocol/mutate.js";
import type { SeededRandom } from "../protocol/random.js";
import { framesOfCorpus } from "./corpus.js";
import { edited, hostSession, sample, written } from "./sessions.js";
import type { FuzzTarget } from "./target.js";

export class WorkerRig {
  readonly session: Session;
  /** Types of what the worker has said, and `refused` when it closed its link. */
  readonly said: string[] = [];
  isFinished = false;

  constructor() {
    const note = (message: { readonly type: string }): void => {
      this.said.push(message.type);
    };
    const link: Link = {
      maxFrameBytes: 1_000_000,
      isFull: false,
      isBehind: false,
      send: (message) => {
        // What it says has to be something that can be written.
        if (message.type !== "Invoke") encode(message);
        note(message);
      },
      sendResult: () => {
        note({ type: "InvokeResult" });
      },
      sendChunk: () => {
        note({ type: "StreamChunk" });
      },
      caughtUp: () => Promise.resolve(),
      flush: () => undefined,
      acceptLargeFrames: () => undefined,
      end: (done) => {
        done();
      },
    };
    const finished = (): void => {
      this.isFinished = true;
    };
    this.session = createSession({ link, dev: false, windowChunks: 4, finished });
  }

  get isRefused(): boolean {
    return this.said.at(-1) === "refused";
  }

  /** The functions are loaded: one, which never ends. */
  load(): void {
    const f = (): Promise<never> => new Promise(() => undefined);
    this.session.provide(createRegistry({ folder: "functions", modules: [["index.ts", { f }]] }));
  }

  say(messages: readonly Message[]): void {
    for (const bytes of written(messages)) this.sayBytes(bytes);
  }

  sayBytes(bytes: Uint8Array): void {
    if (this.isRefused) return;
    try {
      for (const message of new WireDecoder().push(bytes)) this.session.receive(message);
    } catch (error) {
      if (!(error instanceof SessionError) && !isProtocolError(error)) throw error;
      this.said.push("refused");
    }
  }
}

const ack = sample("HandshakeAck", 0);
const ofWorkers: ReadonlySet<string> = new Set([
  ...["ListExportsResult", "InvokeError", "CancelAck", "HealthStatus", "ShutdownAck", "LogEvent", "refused"],
]);

/** What a supervisor says is what a host says, from another first message on. */
function supervisorSession(random: SeededRandom): Message[] {
  return [ack, ...hostSession(random).slice(1)];
}

export const workers: FuzzTarget = {
  name: "workers",
  counts: { ci: 40_000, test: 3000 },
  begin() {
    for (const bytes of framesOfCorpus()) {
      for (const first of [[], [ack]]) {
        const rig = new WorkerRig();
        rig.load();
        rig.say(first);
        rig.sayBytes(bytes);
      }
    }
    return Promise.resolve();
  },
  one(random, sent) {
    const rig = new WorkerRig();
    const session = supervisorSession(random);
    const loadAt = random.below(4);
    const frames = written(random.below(8) === 0 ? session : edited(session, random));
    if (random.below(3) === 0 && frames.length > 0) frames.push(mutate(random, frames));
    frames.forEach((bytes, at) => {
      if (at === loadAt) rig.load();
      sent(bytes);
      rig.sayBytes(bytes);
    });
    for (const said of rig.said) if (!ofWorkers.has(said)) throw new Error(`A worker said ${said}.`);
    const answers = rig.said.length - rig.said.filter((said) => said === "LogEvent").length;
    const asked = frames.reduce((sum, bytes) => sum + countOf(bytes), 0);
    if (answers > asked + 1) throw new Error(`${String(answers)} answers came to ${String(asked)} messages.`);
    if (rig.isFinished && rig.said.filter((said) => said === "ShutdownAck").length !== 1)
      throw new Error("It finished without saying so once.");
    return rig.isRefused ? "refused" : rig.isFinished ? "finished" : "going on";
  },
};

/** Messages in these bytes, one that is none included. */
function countOf(bytes: Uint8Array): number {
  try {
    return new Decoder().push(bytes).length;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return error.messages.length + 1;
  }
}
