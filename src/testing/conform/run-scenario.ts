// Runs the steps of one scenario on one link. Whether a rule holds is decided here; where the link comes from and what
// is done with the verdict is not.

import { encode } from "../../protocol/codec.js";
import type { MessageType } from "../../protocol/messages.js";
import { Conversation, endingText, type Received } from "./conversation.js";
import { laneOf, messageFrom, nameOf, testerCapabilities } from "./fields.js";
import { mismatch } from "./pattern.js";
import { readySteps } from "./ready.js";
import type { ExpectStep, JsonMap, MessagePattern, Scenario, SendStep, Step } from "./scenario.js";
import { shownMessage, shownPattern } from "./shown.js";
import type { Subject } from "./subject.js";
import { bytesOf, numberOf, valueOf } from "./values.js";

/** A rule does not hold. */
export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
  constructor(
    readonly expected: string,
    readonly came: string,
  ) {
    super(`Expected ${expected}; ${came}.`);
  }
}

export interface RunOptions {
  /** How long anything that has to come is waited for. */
  readonly patienceMs: number;
  /** How long something that must not come is waited for. */
  readonly quietMs: number;
}

/** Signals and exit codes of a process that fell, and did not decide to end. */
const crashSignals: ReadonlySet<string> = new Set([
  "SIGABRT",
  "SIGSEGV",
  "SIGBUS",
  "SIGILL",
  "SIGFPE",
  "SIGTRAP",
]);
const crashCodes: ReadonlySet<number> = new Set([132, 133, 134, 135, 136, 137, 139]);
const memoryPollMs = 10;
const bytesPerMb = 1024 * 1024;

export class ScenarioRun {
  readonly conversation: Conversation;
  readonly #scenario: Scenario;
  readonly #subject: Subject;
  readonly #options: RunOptions;
  readonly #variables = new Map<string, unknown>();
  #broken: RuleBroken | undefined;

  constructor(scenario: Scenario, subject: Subject, options: RunOptions) {
    this.#scenario = scenario;
    this.#subject = subject;
    this.#options = options;
    this.conversation = new Conversation(subject);
  }

  /** Resolves when the rule holds; rejects with RuleBroken when it does not. */
  async run(): Promise<void> {
    const { start = "ready", side, steps } = this.#scenario;
    if (start === "ready") await this.#all(readySteps[side]);
    const stopWatching = this.#watchMemory();
    try {
      await this.#all(steps);
    } finally {
      stopWatching();
    }
    this.#throwIfBroken();
  }

  /** A variable that the steps have saved. */
  saved(name: string): unknown {
    return this.#variables.get(name);
  }

  async #all(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#throwIfBroken();
      await this.#do(step);
    }
  }

  async #do(step: Step): Promise<void> {
    if ("send" in step) await this.#send(step);
    else if ("sendHex" in step) this.conversation.sendBytes(bytesOf(step.sendHex));
    else if ("expect" in step) await this.#expect(patternOf(step.expect, step.fields), step);
    else if ("quiet" in step) await this.#quiet(patternOf(step.quiet, step.fields), step.now ?? false);
    else if ("never" in step) this.#never(patternOf(step.never, step.fields));
    else if ("repeat" in step) {
      const times = numberOf(step.repeat, this.#variables);
      for (let count = 0; count < times; count++) {
        if (step.as !== undefined) this.#variables.set(step.as, count);
        await this.#all(step.steps);
      }
    } else if ("hangUp" in step) this.conversation.hangUp();
    else if ("expectOpen" in step) await this.#expectOpen();
    else if ("expectClose" in step) await this.#expectClose();
    else if ("expectExit" in step) await this.#expectExit(step.expectExit === "orderly");
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

  async #expect(pattern: MessagePattern, { eventually, place }: ExpectStep): Promise<void> {
    const { patienceMs } = this.#options;
    const who = nameOf(this.#scenario.side);
    const lane = laneOf(firstType(pattern), valueOfId(pattern, this.#variables));
    const found = await this.conversation.until(() => {
      this.#throwIfBroken();
      for (;;) {
        const next = this.conversation.received.find((each) => !each.isTaken && each.lane === lane);
        if (next === undefined) break;
        const saved = new Map<string, unknown>();
        const difference = this.#differs(pattern, next, saved);
        if (difference !== undefined && eventually !== true) {
          throw new RuleBroken(
            shownPattern(pattern, this.#variables),
            `${shownMessage(next.message)} came (${difference})`,
          );
        }
        next.isTaken = true;
        if (difference !== undefined) continue;
        for (const [name, value] of saved) this.#variables.set(name, value);
        return next;
      }
      const why = this.#whyNothingComes();
      if (why !== undefined)
        throw new RuleBroken(shownPattern(pattern, this.#variables), `${who} ${why} before it came`);
      return undefined;
    }, patienceMs);
    if (found === undefined)
      throw new RuleBroken(
        shownPattern(pattern, this.#variables),
        `nothing of it came within ${String(patienceMs)} ms`,
      );
    if (place !== undefined) await this.#checkPlace(pattern, found, place);
  }

  async #checkPlace(pattern: MessagePattern, found: Received, place: "first" | "last"): Promise<void> {
    if (place === "last") await this.#expectClose();
    const { received } = this.conversation;
    const other = place === "first" ? received[0] : received.at(-1);
    if (other === undefined || other === found) return;
    const order = place === "first" ? "before" : "after";
    throw new RuleBroken(
      `${shownPattern(pattern, this.#variables)} as the ${place} frame`,
      `${shownMessage(other.message)} came ${order} it`,
    );
  }

  /** Undefined when the frame is one that the pattern describes. */
  #differs(
    pattern: MessagePattern,
    { message, fields }: Received,
    saved: Map<string, unknown>,
  ): string | undefined {
    if (!pattern.types.includes(message.type)) return `it is no ${pattern.types.join(" or ")}`;
    for (const [name, json] of Object.entries(pattern.fields)) {
      // Of several types some have a field that others lack.
      if (!(name in fields) && pattern.types.length > 1) continue;
      const difference = mismatch(json, fields[name], name, this.#variables, saved);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  async #quiet(pattern: MessagePattern, isUpToNow: boolean): Promise<void> {
    const came = await this.conversation.until(
      () => {
        this.#throwIfBroken();
        return this.conversation.received.find(
          (each) => !each.isTaken && this.#differs(pattern, each, new Map()) === undefined,
        );
      },
      isUpToNow ? 0 : this.#options.quietMs,
    );
    if (came !== undefined)
      throw new RuleBroken(
        `no ${shownPattern(pattern, this.#variables)} yet`,
        `${shownMessage(came.message)} came`,
      );
    const why = this.#whyNothingComes();
    if (why !== undefined)
      throw new RuleBroken(
        `no ${shownPattern(pattern, this.#variables)} yet`,
        `${nameOf(this.#scenario.side)} ${why}`,
      );
  }

  #never(pattern: MessagePattern): void {
    const before = this.conversation.onReceived;
    const look = (received: Received): void => {
      before(received);
      if (this.#differs(pattern, received, new Map()) !== undefined) return;
      this.#broken ??= new RuleBroken(
        `no ${shownPattern(pattern, this.#variables)}`,
        `${shownMessage(received.message)} came`,
      );
    };
    for (const received of this.conversation.received) if (!received.isTaken) look(received);
    this.conversation.onReceived = look;
  }

  async #expectOpen(): Promise<void> {
    const why = await this.conversation.until(() => this.#whyNothingComes(), this.#options.quietMs);
    if (why !== undefined)
      throw new RuleBroken("the link to stay open", `${nameOf(this.#scenario.side)} ${why}`);
  }

  async #expectClose(): Promise<void> {
    const { patienceMs } = this.#options;
    const isClosed = await this.conversation.until(() => this.conversation.isClosed || undefined, patienceMs);
    this.#throwIfBroken();
    if (isClosed === undefined)
      throw new RuleBroken("the link to be closed", `it was still open after ${String(patienceMs)} ms`);
  }

  async #expectExit(isOrderly: boolean): Promise<void> {
    const { patienceMs } = this.#options;
    const ending = await this.conversation.until(() => this.conversation.ending, patienceMs);
    this.#throwIfBroken();
    if (ending === undefined)
      throw new RuleBroken("the process to end", `it was still there after ${String(patienceMs)} ms`);
    const fell =
      crashSignals.has(ending.signal ?? "") || (ending.exitCode !== null && crashCodes.has(ending.exitCode));
    if (isOrderly && fell)
      throw new RuleBroken("the process to end by itself", `it ended ${endingText(ending)}`);
  }

  #checkCanonical(): void {
    const { received, bytes } = this.conversation;
    const shortest = received.reduce((sum, { message }) => sum + encode(message).length, 0);
    if (bytes > shortest)
      throw new RuleBroken(
        `frames in their smallest form, ${String(shortest)} bytes in all`,
        `they had ${String(bytes)} bytes`,
      );
  }

  #whyNothingComes(): string | undefined {
    const { breach, isClosed, ending } = this.conversation;
    if (breach !== undefined) return `sent what no decoder takes (${breach})`;
    if (ending !== undefined) return `ended ${endingText(ending)}`;
    return isClosed ? "closed the link" : undefined;
  }

  #watchMemory(): () => void {
    const { maxGrowthMb } = this.#scenario;
    const before = this.#subject.rssBytes?.();
    if (maxGrowthMb === undefined || before === undefined) return () => undefined;
    const timer = setInterval(() => {
      const grownMb = ((this.#subject.rssBytes?.() ?? before) - before) / bytesPerMb;
      if (grownMb <= maxGrowthMb) return;
      this.#broken ??= new RuleBroken(
        `the process to grow by ${String(maxGrowthMb)} MiB at most`,
        `it grew by ${grownMb.toFixed(0)} MiB`,
      );
    }, memoryPollMs);
    return () => {
      clearInterval(timer);
    };
  }

  #throwIfBroken(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }
}

function patternOf(types: MessageType | readonly MessageType[], fields: JsonMap = {}): MessagePattern {
  return { types: typeof types === "string" ? [types] : types, fields };
}

function firstType({ types }: MessagePattern): MessageType {
  const [first] = types;
  if (first === undefined) throw new Error("A scenario expects no type of message at all.");
  return first;
}

function valueOfId({ fields }: MessagePattern, variables: ReadonlyMap<string, unknown>): unknown {
  const id = fields["request_id"];
  return id === undefined ? undefined : valueOf(id, variables);
}
