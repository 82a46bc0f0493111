// The JSON Schemas of functions as callers see them: in the supervisor's own process, over a connection, and from
// the command line. They come from the libraries themselves, and no start fails by them.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import type { ExportMetadata } from "../../../src/protocol/messages.js";
import { Project } from "../cli/run-cli.js";
import { closeLeftovers, fixtures, makeFolder, startSystem, type TestSystem } from "../harness.js";

const functions = join(fixtures, "functions/schemas");

afterEach(closeLeftovers);

const $schema = "https://json-schema.org/draft/2020-12/schema";
const any = {};
const text = { type: "string" };
const number = { type: "number" };
const object = (properties: object, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required: expect.arrayContaining(required),
});
const list = (items: object) => ({ type: "array", items });
const items = list(object({ sku: text, pieces: { type: "number", minimum: 1 } }));

/** Name, params, returns. What an object must hold is compared; what a library says besides is its own affair. */
const expected: readonly (readonly [name: string, params: object, returns: object])[] = [
  [
    "arktype.order",
    { $schema, ...object({ customer: text, items, note: text }, ["customer", "items"]) },
    { $schema, ...object({ customer: text, pieces: number, note: text }) },
  ],
  ["arktype.length", { $schema, ...object({ text }) }, { $schema, ...text }],
  ["arktype.report", any, { $schema, ...object({ title: text, rows: list(object({ n: number })) }) }],
  [
    "zod.order",
    {
      $schema,
      ...object({ customer: text, items, note: { type: "string", default: "none" } }, ["customer", "items"]),
    },
    { $schema, ...object({ customer: text, pieces: number, note: text }) },
  ],
  ["zod.length", { $schema, ...object({ text }) }, { $schema, ...text }],
  ["zod.reserve", { $schema, ...object({ skus: list(text) }) }, any],
  ["zod.book", { $schema, ...object({ when: any, seat: any, room: text }) }, any],
  ["valibot.described", { $schema, ...object({ items }) }, { $schema, ...number }],
];

/** valibot converts through a package of its own, which these do not use; the rest have no schema, or one gone wrong. */
const withoutSchemas = [
  "valibot.order",
  "valibot.length",
  "valibot.reserve",
  "valibot.report",
  "byhand.plain",
  "byhand.silent",
  "byhand.throwing",
  "byhand.oversized",
  "byhand.rejecting",
];

function expectSchemas(exports: readonly ExportMetadata[]): void {
  const listed = new Map(exports.map((each) => [each.name, each]));
  for (const [name, params, returns] of expected) {
    const { paramsSchema = "", returnSchema = "" } = listed.get(name) ?? {};
    expect({ name, params: JSON.parse(paramsSchema), returns: JSON.parse(returnSchema) }).toMatchObject({
      name,
      params,
      returns,
    });
    // toMatchObject takes anything for {}.
    if (params === any) expect(paramsSchema).toBe("{}");
    if (returns === any) expect(returnSchema).toBe("{}");
  }
  for (const name of withoutSchemas)
    expect(listed.get(name)).toMatchObject({ paramsSchema: "{}", returnSchema: "{}" });
  expect(listed.get("byhand.described")?.paramsSchema).toBe('{"title":"ünde\\ud800"}');
  // A schema that contains itself refers to itself.
  expect(listed.get("zod.leaves")?.paramsSchema).toMatch(/"children":\{"type":"array","items":\{"\$ref":/);
}

test("embedded and over a connection the same schemas are seen, and what was left out is a debug line", async () => {
  const folder = await makeFolder();
  const socket = join(folder, "s");
  const system: TestSystem = await startSystem({ functions, socket }, { keyed: false });
  const exports = await system.splice.exports();
  expectSchemas(exports);
  const connection = await connect({ socket });
  try {
    expect(await connection.exports()).toEqual(exports);
  } finally {
    await connection.close();
  }

  const lines = system.log.filter(({ message }) => message.startsWith("No JSON Schema"));
  expect(lines.map(({ level, fields }) => [level, fields["function"]])).toEqual([
    ["debug", "byhand.oversized"],
    ["debug", "byhand.rejecting"],
    ["debug", "byhand.throwing"],
  ]);
  expect(lines.map(({ message }) => message)).toEqual([
    expect.stringMatching(/the returns of byhand\.oversized: it has more than 65536 bytes\.$/),
    expect.stringMatching(/the params of byhand\.rejecting: its library gave a promise for it\.$/),
    expect.stringMatching(/the params of byhand\.throwing: its library could not make one: no words for it$/),
  ]);
  // What has no schema in the list can be called all the same.
  for (const name of ["silent", "throwing", "oversized", "rejecting"])
    expect(await system.call(`byhand.${name}`)).toMatchObject({ code: 0, value: name });
  await system.end();
  await rm(folder, { recursive: true, force: true });
});

test("splice list --json prints them", async () => {
  const config = `export default { functions: ${JSON.stringify(functions)} };\n`;
  const project = await Project.make({ "splice.config.js": config });
  try {
    const listed = await project.run(["list", "--json"]);
    expect(listed).toMatchObject({ code: 0 });
    expectSchemas(JSON.parse(listed.stdout) as ExportMetadata[]);
  } finally {
    await project.nothingLeft();
    await project.clean();
  }
});

test("a frame too small for the schemas lists the functions all the same", async () => {
  const system = await startSystem({ functions, limits: { maxFrameBytes: 1024 } }, { keyed: false });
  const exports = await system.splice.exports();
  expect(exports.map(({ name }) => name)).toEqual(expect.arrayContaining(["zod.order", "byhand.silent"]));
  expect(exports.find(({ name }) => name === "zod.order")).toMatchObject({
    paramsSchema: "{}",
    returnSchema: "{}",
  });
  expect(await system.call("zod.length", { text: "four" })).toMatchObject({ code: 0, value: "4" });
  await system.end();
});
