import { describe, expect, test } from "@jest/globals";
import { assign, createMachine, not, stateIn, type AnyStateMachine } from "xstate";
import { breakerMachine } from "../../src/machines/breaker/machine.js";
import { breakersMachine } from "../../src/machines/breakers/machine.js";
import { callMachine } from "../../src/machines/call/machine.js";
import { chartDefinition, chartJson } from "../../src/machines/chart-json.js";
import { poolMachine } from "../../src/machines/pool/machine.js";
import { routerMachine } from "../../src/machines/router/machine.js";
import { supervisorMachine } from "../../src/machines/supervisor/machine.js";
import { workerMachine } from "../../src/machines/worker/machine.js";
import { failOnXstateWarnings } from "./xstate-warnings.js";

failOnXstateWarnings();

type Node = AnyStateMachine["root"];

/** Every edge of a chart: from where, on what, as which of several, to where, under which condition. */
function edgesOf(machine: AnyStateMachine): readonly string[] {
  const nameOf = (guard: unknown): string => {
    const { type, name } = guard as { type?: string; name?: string };
    return typeof guard === "string" ? guard : (type ?? name ?? "");
  };
  const edges = (node: Node): readonly string[] => [
    ...[...node.transitions].flatMap(([eventType, candidates]) =>
      candidates.map(({ target, guard, reenter }, index) => {
        const to = target?.map(({ id }) => id).join() ?? "(none)";
        return `${node.id} --${eventType}[${String(index)}] ${guard === undefined ? "" : nameOf(guard)}--> ${to} ${String(reenter)}`;
      }),
    ),
    ...(node.always ?? []).map(
      ({ target }) => `${node.id} --always--> ${target?.map(({ id }) => id).join() ?? ""}`,
    ),
    ...Object.values(node.states).flatMap((inner) => edges(inner)),
  ];
  return edges(machine.root);
}

const machines: readonly (readonly [string, AnyStateMachine])[] = [
  ["breaker", breakerMachine],
  ["breakers", breakersMachine],
  ["call", callMachine],
  ["pool", poolMachine],
  ["router", routerMachine],
  ["supervisor", supervisorMachine],
  ["worker", workerMachine],
];

/** What of it JSON would not bring back: undefined, functions, holes, maps. */
function isPlain(value: unknown): boolean {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return true;
  if (typeof value !== "object") return false;
  const isPlainObject = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlainObject && Object.values(value).every(isPlain);
}

describe.each(machines)("the chart of %s", (_, machine) => {
  test("as config makes a machine with the same edges", () => {
    const config = chartJson(machine);
    expect(isPlain(config)).toBe(true);
    const again = createMachine(config as never);
    expect(edgesOf(again)).toEqual(edgesOf(machine));
    expect(again.id).toBe(machine.id);
  });

  test("as definition names every state and every edge, and holds nothing but data", () => {
    const definition = chartDefinition(machine);
    expect(isPlain(definition)).toBe(true);
    type Defined = {
      id: string;
      states: Record<string, Defined>;
      on: Record<string, { source: string; target?: string[] }[]>;
    };
    const told = ({ states, on }: Defined): readonly string[] => [
      ...Object.entries(on).flatMap(([eventType, candidates]) =>
        candidates.map(
          ({ source, target = [] }, i) => `${source} ${eventType}[${String(i)}] ${target.join()}`,
        ),
      ),
      ...Object.values(states).flatMap((inner) => told(inner)),
    ];
    const real = (node: Node): readonly string[] => [
      ...[...node.transitions].flatMap(([eventType, candidates]) =>
        candidates.map(
          ({ target }, i) =>
            `#${node.id} ${eventType}[${String(i)}] ${(target ?? []).map(({ id }) => `#${id}`).join()}`,
        ),
      ),
      ...Object.values(node.states).flatMap((inner) => real(inner)),
    ];
    expect(told(definition as never)).toEqual(real(machine.root));
  });
});

test("what a chart computes stands there by its name, or is left out where it has none to be had", () => {
  const increment = assign({ n: 1 });
  function beep() {
    return undefined;
  }
  const machine = createMachine({
    id: "m",
    context: () => ({ n: 0, seen: new Map() }),
    initial: "a",
    output: () => 1,
    states: {
      a: {
        meta: { description: "The first." },
        entry: [increment, beep, () => undefined, { type: "named", params: () => ({ n: 1 }) }],
        on: {
          go: { guard: stateIn("b"), target: "b" },
          stay: { guard: not("x"), actions: { type: "log", params: { n: 1 } } },
        },
      },
      b: { invoke: { id: "i", src: "effect", input: () => ({}) }, after: { patience: "a" } },
    },
  } as never);
  expect(chartJson(machine)).toEqual({
    id: "m",
    initial: "a",
    states: {
      a: {
        description: "The first.",
        meta: { description: "The first." },
        entry: [{ type: "xstate.assign" }, { type: "beep" }, { type: "inline" }, { type: "named" }],
        on: {
          go: { guard: { type: "stateIn", params: { stateValue: "b" } }, target: "b" },
          stay: { guard: { type: "not" }, actions: { type: "log", params: { n: 1 } } },
        },
      },
      b: { invoke: { id: "i", src: "effect" }, after: { patience: "a" } },
    },
  });
});

test("descriptions of states are where an editor looks for them", () => {
  const { states } = chartJson(callMachine) as never as { states: Record<string, { description: string }> };
  expect(states["waiting"]?.description).toMatch(/^No slot is free/);
});
