import { expect, test } from "@jest/globals";
import { Verification } from "../../src/dispatch/verification.js";
import { Call } from "../../src/dispatch/call.js";
import { FunctionState } from "../../src/dispatch/function-state.js";
import type { CallId } from "../../src/ids.js";
import type { LogFields } from "../../src/log.js";
import { emptyContextBytes } from "../../src/protocol/context.js";
import { createVerification } from "../../src/system/verification.js";
import { ScriptedCaller } from "../dispatch/scripted.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

function failing(thrown: () => unknown) {
  const lines: [string, LogFields | undefined][] = [];
  const never = (): never => {
    throw new Error("Only warnings were expected.");
  };
  const warn = (message: string, fields?: LogFields): number => lines.push([message, fields]);
  const clock = createVirtualClock();
  const ports = { clock, log: { debug: never, info: never, warn, error: never } };
  const verify = (): never => {
    throw thrown();
  };
  const verification = createVerification(verify, ports, never);
  if (!(verification instanceof Verification)) throw new Error("There is no verification.");
  const target = new FunctionState("math.add", "app", false);
  const noBytes = new Uint8Array(0);
  const ask = (): void => {
    const call = new Call(1 as CallId, 1, new ScriptedCaller(), target, noBytes, emptyContextBytes, 0, 10);
    verification.ask(call, () => undefined);
  };
  return { lines, clock, ask };
}

test("without a verifier nothing is asked", () => {
  const ports = { clock: createVirtualClock(), log: console };
  expect(createVerification(null, ports, () => undefined)).toBeUndefined();
});

test("what the verifier threw is in the log: with the function, on one line, and cut", () => {
  const { lines, ask } = failing(() => new Error(`no database\n${"x".repeat(5000)}`));
  ask();
  expect(lines).toHaveLength(1);
  const [[message, fields] = ["", {}]] = lines;
  expect(message).toMatch(/^The verifier failed, so that a call was refused: no database\\u000axxx/);
  expect(message.length).toBeLessThan(2100);
  expect(fields).toEqual({ function: "math.add" });
});

test("what cannot be shown is refused and told like anything else", () => {
  const nasty = [
    Object.create(null),
    { message: Object.create(null) },
    Object.defineProperty({}, "message", {
      get: () => {
        throw new Error("no");
      },
    }),
    undefined,
  ];
  const { lines, ask } = failing(() => nasty.shift());
  for (let left = nasty.length; left > 0; left--) ask();
  expect(lines.map(([message]) => message.split(": ")[1])).toEqual([
    "what it threw cannot be shown",
    "what it threw cannot be shown",
    "what it threw cannot be shown",
    "undefined",
  ]);
});

test("above 10 lines a second they are dropped, and the next line says how many", () => {
  const { lines, clock, ask } = failing(() => new Error("down"));
  for (let n = 0; n < 25; n++) ask();
  expect(lines).toHaveLength(10);
  clock.advance(999);
  ask();
  expect(lines).toHaveLength(10);
  clock.advance(1);
  ask();
  ask();
  expect(lines.slice(10).map(([, fields]) => fields)).toEqual([
    { function: "math.add", dropped: 16 },
    { function: "math.add" },
  ]);
});
