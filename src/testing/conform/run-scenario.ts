// Runs the steps of one scenario on one link. Whether a rule holds is decided here; where the link comes from and what
// is done with the verdict is not.

import { encode } from "../../protocol/codec.js";
import { Conversation, type Received } from "./conversation.js";
import { expectClose, expectExit, expectOpen, watchMemory, whyNothingComes } from "./endings.js";
import { messageFrom, nameOf, testerCapabilities } from "./fields.js";
import { differenceOf, laneOfPattern, patternOf } from "./message-pattern.js";
import { readySteps } from "./ready.js";
import { RuleBroken } from "./rule-broken.js";
import type { ExpectStep, MessagePattern, QuietStep, Scenario, SendStep, Step } from "./scenario.js";
import { shownMessage, shownPattern } from "./shown.js";
import type { Subject } from "./subject.js";
import { bytesOf, numberOf } from "./values.js";

export interface RunOptions {
  /** How long anything that has to come is waited for. */
  readonly patienceMs: number;
  /** How long something that must not come is waited for. */
  readonly quietMs: number;
}

export class ScenarioRun {
  readonly conversation: Conversation;
  readonly #scenario: Scenario;
  readonly #subject: Subject;
  readonly #options: RunOptions;
  readonly #who: string;
  readonly #variables = new Map<string, unknown>();

  constructor(scenario: Scenario, subject: Subject, options: RunOptions) {
    this.#scenario = scenario;
    this.#subject = subject;
    this.#options = options;
    this.#who = nameOf(scenario.side);
    this.conversation = new Conversation(subject);
  }

  /** Resolves when the rule holds; rejects with RuleBroken when it does not. */
  async run(): Promise<void> {
    const { start = "ready", side, steps, maxGrowthMb } = this.#scenario;
    if (start === "ready") await this.#all(readySteps[side]);
    const stopWatching = watchMemory(this.#subject, maxGrowthMb, (broken) => {
      this.conversation.condemn(broken);
    });
    try {
      await this.#all(steps);
    } finally {
      stopWatching();
    }
    this.conversation.throwIfCondemned();
  }

  /** A variable that the steps have saved. */
  saved(name: string): unknown {
    return this.#variables.get(name);
  }

  async #all(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.conversation.throwIfCondemned();
      await this.#do(step);
    }
  }

  async #do(step: Step): Promise<void> {
    const { conversation } = this;
    const { patienceMs, quietMs } = this.#options;
    if ("send" in step) await this.#send(step);
    else if ("sendHex" in step) conversation.sendBytes(bytesOf(step.sendHex));
    else if ("expect" in step) await this.#expect(step);
    else if ("quiet" in step) await this.#quiet(step);
    else if ("never" in step) this.#never(patternOf(step.never, step.fields));
    else if ("repeat" in step) {
      const times = numberOf(step.repeat, this.#variables);
      for (let count = 0; count < times; count++) {
        if (step.as !== undefined) this.#variables.set(step.as, count);
        await this.#all(step.steps);
      }
    } else if ("hangUp" in step) conversation.hangUp();
    else if ("expectOpen" in step) await expectOpen(conversation, this.#who, quietMs);
    else if ("expectClose" in step) await expectClose(conversation, patienceMs);
    else if ("expectExit" in step) await expectExit(conversation, step.expectExit === "orderly", patienceMs);
    else this.#checkCanonical();
  }

  async #send({ send, fields = {}, cut }: SendStep): Promise<void> {
    // A supervisor agrees to what both sides have.
    const known = send === "HandshakeAck" ? { capabilities: this.#agreed() } : {};
    const message = messageFrom(send, fields, this.#variables, known);
    if (cut === undefined) this.conversation.send(message);
    else await this.conversation.sendCut(message, numberOf(cut, this.#variables));
  }

  #agreed(): number {
    const offer = this.conversation.received.find(({ message }) => message.type === "Handshake");
    return Number(offer?.fields["capabilities"] ?? 0) & testerCapabilities;
  }

  async #expect({ expect, fields, eventually, place }: ExpectStep): Promise<void> {
    const { patienceMs } = this.#options;
    const pattern = patternOf(expect, fields);
    const found = await this.conversation.until(() => {
      const next = this.#takeNext(pattern, eventually === true);
      const why = next === undefined ? whyNothingComes(this.conversation) : undefined;
      if (why !== undefined) throw new RuleBroken(this.#shown(pattern), `${this.#who} ${why} before it came`);
      return next;
    }, patienceMs);
    if (found === undefined)
      throw new RuleBroken(this.#shown(pattern), `nothing of it came within ${String(patienceMs)} ms`);
    if (place !== undefined) await this.#checkPlace(pattern, found, place);
  }

  /** The next frame of the pattern's lane; undefined when there is none yet. Throws when it is another. */
  #takeNext(pattern: MessagePattern, isEventually: boolean): Received | undefined {
    const lane = laneOfPattern(pattern, this.#variables);
    for (const next of this.conversation.received) {
      if (next.isTaken || next.lane !== lane) continue;
      const saved = new Map<string, unknown>();
      const difference = differenceOf(pattern, next, this.#variables, saved);
      if (difference !== undefined && !isEventually)
        throw new RuleBroken(this.#shown(pattern), `${shownMessage(next.message)} came (${difference})`);
      next.isTaken = true;
      if (difference !== undefined) continue;
      for (const [name, value] of saved) this.#variables.set(name, value);
      return next;
    }
    return undefined;
  }

  async #checkPlace(pattern: MessagePattern, found: Received, place: "first" | "last"): Promise<void> {
    if (place === "last") await expectClose(this.conversation, this.#options.patienceMs);
    const { received } = this.conversation;
    const other = place === "first" ? received[0] : received.at(-1);
    if (other === undefined || other === found) return;
    const order = place === "first" ? "before" : "after";
    const expected = `${this.#shown(pattern)} as the ${place} frame`;
    throw new RuleBroken(expected, `${shownMessage(other.message)} came ${order} it`);
  }

  async #quiet({ quiet, fields, now }: QuietStep): Promise<void> {
    const pattern = patternOf(quiet, fields);
    const find = (): Received | undefined =>
      this.conversation.received.find(
        (each) => !each.isTaken && differenceOf(pattern, each, this.#variables) === undefined,
      );
    const came = now === true ? find() : await this.conversation.until(find, this.#options.quietMs);
    const why =
      came === undefined ? whyNothingComes(this.conversation) : `sent ${shownMessage(came.message)}`;
    if (why !== undefined) throw new RuleBroken(`no ${this.#shown(pattern)} yet`, `${this.#who} ${why}`);
  }

  #never(pattern: MessagePattern): void {
    const before = this.conversation.onReceived;
    const look = (received: Received): void => {
      before(received);
      if (differenceOf(pattern, received, this.#variables) !== undefined) return;
      const came = `${this.#who} sent ${shownMessage(received.message)}`;
      this.conversation.condemn(new RuleBroken(`no ${this.#shown(pattern)}`, came));
    };
    for (const received of this.conversation.received) if (!received.isTaken) look(received);
    this.conversation.onReceived = look;
  }

  #checkCanonical(): void {
    const { received, bytes } = this.conversation;
    const shortest = received.reduce((sum, { message }) => sum + encode(message).length, 0);
    if (bytes === shortest) return;
    const expected = `frames in their smallest form, ${String(shortest)} bytes in all`;
    throw new RuleBroken(expected, `they had ${String(bytes)} bytes`);
  }

  #shown(pattern: MessagePattern): string {
    return shownPattern(pattern, this.#variables);
  }
}
