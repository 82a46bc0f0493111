// Functions that declare schemas of real libraries, in a real worker: what is checked, what is changed on the way,
// and that every misfit is told with its place.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { closeLeftovers, fixtures, startSystem, type TestSystem } from "../harness.js";

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ functions: join(fixtures, "functions/schemas") }, { keyed: false });
});

afterAll(async () => {
  try {
    await system.end();
  } finally {
    await closeLeftovers();
  }
});

interface Issue {
  readonly path: string;
  readonly message: string;
}

/** By path, since libraries find them in orders of their own. */
function issuesOf(details: unknown): readonly Issue[] {
  const { issues } = details as { issues: Issue[] };
  return [...issues].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** What each library says of a number where a text should be, a 0 where 1 is the least, a text as a number, and nothing. */
const libraries = [
  ["zod", [/received number/, />=1/, /received string/, /received undefined/]],
  ["valibot", [/received 7/, />=1/, /received "many"/, /received undefined/]],
  ["arktype", [/was a number/, /at least 1/, /was a string/, /was missing/]],
] as const;

describe.each(libraries)("%s", (library, [notText, tooFew, notNumber, missing]) => {
  test("what fits runs with what the schema made of it: trimmed, with its default", async () => {
    const params = {
      customer: " ada ",
      items: [
        { sku: "a", pieces: 2 },
        { sku: "b", pieces: 3 },
      ],
    };
    const { code, value } = await system.call(`${library}.order`, params);
    expect([code, value]).toEqual([0, { customer: "ada", pieces: 5, note: "none" }]);
  });

  test("a transform of the params is what the function gets, one of the result what the caller gets", async () => {
    const { code, value } = await system.call(`${library}.length`, { text: "four" });
    expect([code, value]).toEqual([0, "4"]);
    // The type after the transform is not what callers send.
    expect(await system.call(`${library}.length`, { text: 4 })).toMatchObject({ code: 1001 });
  });

  test("1001 lists every misfit of the params with its path", async () => {
    const items = [{ sku: "a", pieces: 2 }, { sku: "b", pieces: 0 }, { pieces: "many" }];
    const { code, error } = await system.call(`${library}.order`, { customer: 7, items });
    expect(code).toBe(1001);
    expect(error).toMatchObject({ kind: "User", message: expect.stringMatching(/ \(and 3 more\)$/) });
    const message = (expected: RegExp) => expect.stringMatching(expected) as unknown as string;
    expect(issuesOf(error?.details)).toEqual([
      { path: "params.customer", message: message(notText) },
      { path: "params.items[1].pieces", message: message(tooFew) },
      { path: "params.items[2].pieces", message: message(notNumber) },
      { path: "params.items[2].sku", message: message(missing) },
    ]);
  });

  test("a call without params is told what is missing", async () => {
    const { code, error } = await system.call(`${library}.order`);
    expect(code).toBe(1001);
    expect(issuesOf(error?.details).map(({ path }) => path)).toEqual(["params.customer", "params.items"]);
  });

  test("a result that does not fit is 2000 InvalidResult, with every misfit", async () => {
    const fitting = { title: "t", rows: [{ n: 1 }] };
    expect(await system.call(`${library}.report`, { report: fitting })).toMatchObject({
      code: 0,
      value: fitting,
    });
    const { code, error } = await system.call(`${library}.report`, {
      report: { rows: [{ n: 1 }, { n: "many" }] },
    });
    expect(code).toBe(2000);
    expect(error).toMatchObject({ kind: "System", details: { name: "InvalidResult" } });
    const message = (expected: RegExp) => expect.stringMatching(expected) as unknown as string;
    expect(issuesOf(error?.details)).toEqual([
      { path: "result.rows[1].n", message: message(notNumber) },
      { path: "result.title", message: message(missing) },
    ]);
  });
});

// arktype has no asynchronous checks.
test.each(["zod", "valibot"])("%s: asynchronous checks are waited for", async (library) => {
  expect(await system.call(`${library}.reserve`, { skus: ["a", "b"] })).toMatchObject({ code: 0, value: 2 });
  const { code, error } = await system.call(`${library}.reserve`, { skus: ["taken", "b", "taken"] });
  expect(code).toBe(1001);
  expect(issuesOf(error?.details)).toEqual([
    { path: "params.skus[0]", message: "is taken" },
    { path: "params.skus[2]", message: "is taken" },
  ]);
});

test("a Date and a bigint, which JSON Schema does not know, are checked like anything else", async () => {
  const params = { when: new Date(0), seat: 2n ** 60n, room: "blue" };
  expect(await system.call("zod.book", params)).toMatchObject({ code: 0, value: "blue" });
  const { code, error } = await system.call("zod.book", { ...params, when: "today" });
  expect(code).toBe(1001);
  expect(issuesOf(error?.details).map(({ path }) => path)).toEqual(["params.when"]);
});
