// F3, the connection of a host, in memory and under a virtual clock: whatever a host says, what comes back is what the
// table says, a breach is told once and closes, and nobody else is touched.

import { encode } from "../../src/protocol/index.js";
import { Decoder } from "../../src/protocol/decoder.js";
import type { Message } from "../../src/protocol/messages.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import { world } from "../host/world.js";
import { mutate } from "../protocol/mutate.js";
import type { SeededRandom } from "../protocol/random.js";
import { concat } from "../protocol/vectors.js";
import { framesOfCorpus } from "./corpus.js";
import { HostModel } from "./host-model.js";
import type { Verdict } from "./host-table.js";
import { edited, hostSession, sample, written } from "./sessions.js";
import type { FuzzTarget } from "./target.js";

/** More than an answer may be beyond twice what it answers. */
const allowanceBytes = 256;

/** A world in which bytes arrive as soon as they are asked to. */
export class HostRig {
  readonly model: HostModel;
  readonly #steps: (() => void)[] = [];
  readonly #world: ReturnType<typeof world>;
  readonly host: ReturnType<ReturnType<typeof world>["connect"]>;
  readonly #expected: string[] = [];
  #sentBytes = 0;
  #messages = 1;
  #started = 0;

  constructor(readonly isStreaming: boolean) {
    this.model = new HostModel(isStreaming);
    this.#world = world("f", isStreaming, { schedule: (run) => this.#steps.push(run) });
    this.host = this.#world.connect();
  }

  get expected(): readonly string[] {
    return this.#expected;
  }

  /** What has come, with a fatal error by that name. */
  get received(): readonly string[] {
    const types = this.host.received.map((message) =>
      message.type === "InvokeError" && message.requestId === 0 ? "fatal" : message.type,
    );
    return this.host.state.hasEnded ? [...types, "close"] : types;
  }

  /** Sends these in one write. */
  async send(messages: readonly Message[]): Promise<void> {
    const sent = messages.filter((message) => written([message]).length > 0);
    for (const message of sent) this.expect(message);
    await this.write(concat(written(sent)));
  }

  /** Whatever the bytes are. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    const decoder = new Decoder({ maxFrameBytes: this.model.maxFrameBytes });
    try {
      for (const message of decoder.push(bytes)) this.expect(message);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      for (const message of error.messages) this.expect(message);
      if (this.model.phase !== "closed") this.#note(["fatal"]);
      this.model.phase = "closed";
    }
    await this.write(bytes);
  }

  expect(message: Message): void {
    this.#messages += 1;
    this.#note(this.model.expect(message));
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#sentBytes += bytes.length;
    this.host.write(bytes);
    await this.turn();
  }

  /** Until nothing moves any more. */
  async turn(): Promise<void> {
    for (let still = 0; still < 2; still++) {
      for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
        step();
        still = 0;
      }
      this.#start();
      await new Promise(setImmediate);
    }
  }

  /** Throws when something is not as the model has it. */
  async check(): Promise<void> {
    const { faults, refused } = this.#world;
    if (faults.length > 0) throw new Error(`An error escaped: ${faults.map(String).join()}`);
    if (this.received.join() !== this.#expected.join())
      throw new Error(`There came ${this.received.join()} and not ${this.#expected.join()}`);
    const breaches = this.#expected.filter((each) => each === "fatal").length;
    if (refused.length !== breaches) throw new Error(`${String(refused.length)} refusals were logged.`);
    const answerBytes = this.host.received.reduce((sum, message) => sum + encode(message).length, 0);
    if (answerBytes > 2 * this.#sentBytes + this.#messages * allowanceBytes)
      throw new Error(`${String(answerBytes)} bytes came of ${String(this.#sentBytes)}.`);
    await this.#probe();
  }

  /** Another host is served as ever. */
  async #probe(): Promise<void> {
    const other = this.#world.connect();
    other.shakeHands();
    other.send({ type: "HealthCheck" });
    await this.turn();
    if (other.types().join() !== "HandshakeAck,HealthStatus")
      throw new Error(`Another host got ${other.types().join()}`);
    // What the first had under way ends with it.
    this.host.peer.destroy();
    other.peer.destroy();
    await this.turn();
    if (!this.host.state.isForgotten) throw new Error("A connection that is gone is still known.");
    const { dispatcher, clock } = this.#world;
    clock.advance(10_000);
    const { total, ...ended } = dispatcher.counters.snapshot();
    const answered = ended.ok + ended.failed + ended.timedOut + ended.cancelled + ended.rejected;
    if (answered !== total) throw new Error(`Of ${String(total)} calls ${String(answered)} have ended.`);
  }

  #note(verdict: Verdict): void {
    this.#expected.push(...verdict);
    if (verdict.includes("fatal")) this.#expected.push("close");
  }

  /** Each call that has come to the worker streams at once. */
  #start(): void {
    if (!this.isStreaming) return;
    for (; this.#started < this.#world.sent.length; this.#started++) {
      const requestId = this.#started;
      this.#world.stream({ type: "StreamStart", requestId, window: 4 });
      this.#world.stream({ type: "StreamChunk", requestId, sequence: 0, data: Uint8Array.of(0xc0) });
    }
  }
}

/** Legal, edited, or with frames that were changed as bytes. */
async function play(rig: HostRig, random: SeededRandom): Promise<void> {
  const session = hostSession(random);
  const messages = random.below(8) === 0 ? session : edited(session, random);
  // One write each, so that a worker that streams at once is as far as the model has it.
  if (rig.isStreaming || random.below(2) === 0) for (const message of messages) await rig.send([message]);
  else await rig.send(messages);
  const frames = written(messages);
  if (random.below(3) === 0 && frames.length > 0) await rig.sendBytes(mutate(random, frames));
}

export const hosts: FuzzTarget = {
  name: "hosts",
  counts: { ci: 60_000, test: 2000 },
  atOnce: 8,
  /** What is kept, as the first words of a host and as the next. */
  async begin() {
    for (const bytes of framesOfCorpus()) {
      for (const first of [[], [sample("Handshake", 0)]]) {
        const rig = new HostRig(false);
        await rig.send(first);
        await rig.sendBytes(bytes);
        await rig.check();
      }
    }
  },
  async one(random, sent) {
    const rig = new HostRig(random.below(3) === 0);
    const write = rig.write.bind(rig);
    rig.write = (bytes) => {
      sent(bytes);
      return write(bytes);
    };
    await play(rig, random);
    const { phase } = rig.model;
    await rig.check();
    return phase;
  },
};
