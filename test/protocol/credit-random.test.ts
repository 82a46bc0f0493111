// Random lives of one stream: the producer's credit, the consumer's, and a model of both, step by step.

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { StreamCredit } from "../../src/protocol/credit.js";
import { CreditModel } from "./credit-model.js";

type Step =
  | { do: "chunk"; bytes: number }
  /** A chunk as no honest producer sends it: `off` from the sequence that is due. */
  | { do: "wild"; off: number; bytes: number }
  | { do: "ack"; upTo: number; window: number }
  | { do: "pause" }
  /** An ack as no honest consumer sends it. */
  | { do: "wildAck"; off: number; window: number }
  | { do: "over"; how: "cancel" | "error" | "end"; off: number };

const size = fc.constantFrom(0, 1, 1000, 300_000, 524_288, 1_048_575, 1_048_576, 1_048_577, 3_000_000);
const windows = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(16, 1023, 1024));
const record = <Name extends Step["do"]>(name: Name, fields: object) =>
  fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Step>;

const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: record("chunk", { bytes: fc.oneof(fc.nat(20), size) }) },
    { weight: 2, arbitrary: record("wild", { off: fc.integer({ min: -2, max: 2 }), bytes: size }) },
    {
      weight: 6,
      arbitrary: record("ack", { upTo: fc.double({ min: 0, max: 1, noNaN: true }), window: windows }),
    },
    { weight: 2, arbitrary: record("pause", {}) },
    {
      weight: 2,
      arbitrary: record("wildAck", {
        off: fc.integer({ min: -3, max: 3 }),
        window: fc.constantFrom(0, 1, 1024, 1025, 4_294_967_295),
      }),
    },
    {
      weight: 1,
      arbitrary: record("over", {
        how: fc.constantFrom("cancel", "error", "end"),
        off: fc.constantFrom(0, 0, 0, -1, 1),
      }),
    },
  ),
  { minLength: 1, maxLength: 150, size: "max" },
);

/** Told at every step of every life, where `expect` would cost more than the lives themselves. */
function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}

/** The producer's end and the consumer's, which hears of everything in order, beside the model. */
function live(window: number, plan: readonly Step[], seen: Set<string>): void {
  const model = new CreditModel(window);
  const producer = new StreamCredit(window);
  const consumer = new StreamCredit(window);
  const both = [producer, consumer];
  const acknowledge = (sequence: number, grant: number): void => {
    const isAllowed = model.mayAcknowledge(sequence, grant);
    for (const credit of both) same("ack", credit.acknowledge(sequence, grant) === null, isAllowed);
    if (isAllowed) model.acknowledge(sequence, grant);
    seen.add(`ack ${String(isAllowed)}`);
  };
  const arrive = (sequence: number, bytes: number): void => {
    const isAllowed = model.mayArrive(sequence, bytes);
    same("chunk", consumer.receive(sequence, bytes) === null, isAllowed);
    seen.add(`arrive ${String(isAllowed)}`);
    if (!isAllowed) return;
    same("sequence", producer.send(bytes), sequence);
    model.chunk(bytes);
  };
  for (const step of plan) {
    switch (step.do) {
      case "chunk": {
        const mayBeSent = model.maySend(step.bytes);
        same("may be sent", producer.maySend(step.bytes), mayBeSent);
        seen.add(`send ${String(mayBeSent)}`);
        // What the producer may send the consumer takes.
        if (mayBeSent) same("is taken", model.mayArrive(model.sent, step.bytes), true);
        if (mayBeSent) arrive(model.sent, step.bytes);
        break;
      }
      case "wild":
        arrive(model.sent + step.off, step.bytes);
        break;
      case "ack":
        if (model.outstanding.length > 0)
          acknowledge(model.acked + 1 + Math.floor(step.upTo * (model.outstanding.length - 1)), step.window);
        break;
      case "pause":
        if (model.acked >= 0) acknowledge(model.acked, 0);
        break;
      case "wildAck":
        acknowledge(model.acked + step.off, step.window);
        break;
      case "over": {
        if (step.how === "end") same("end", consumer.end(model.sent + step.off) === null, step.off === 0);
        seen.add(step.how);
        // Whatever the end is, the two agree on what was delivered, which is what it leaves behind.
        for (const credit of both) same("delivered", credit.chunks, model.sent);
        return;
      }
    }
    for (const credit of both) {
      same("outstanding", credit.unackedChunks, model.outstanding.length);
      same("outstanding bytes", credit.unackedBytes, model.bytes);
      same("chunks", credit.chunks, model.sent);
    }
  }
}

test("both ends agree with the model at every step, and nothing goes out that would not be taken", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(windows, steps, (window, plan) => {
      live(window, plan, seen);
    }),
    { numRuns: 1000 },
  );
  expect([...seen].sort()).toEqual(
    ["ack", "arrive", "send"]
      .flatMap((what) => [`${what} false`, `${what} true`])
      .concat("cancel", "end", "error")
      .sort(),
  );
});
