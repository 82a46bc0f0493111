// Which schema takes all that another takes: by examples, and by what holds for any two, with a validator of the keywords
// that the comparison knows.

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { isAtLeastAsWide } from "../../src/contract/schema-width.js";

type Keywords = Readonly<Record<string, unknown>>;

const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
const a = { type: "string" };

test.each<[string, unknown, unknown]>([
  ["anything over nothing", {}, false],
  ["a description changes nothing", { type: "string", description: "x" }, { type: "string", title: "y" }],
  ["numbers over whole ones", { type: "number" }, { type: "integer" }],
  ["a choice over one of it", { anyOf: [{ type: "null" }, a] }, a],
  [
    "a choice over fewer",
    { anyOf: [{ type: "null" }, a, { type: "number" }] },
    { anyOf: [a, { type: "null" }] },
  ],
  ["a list of types over one", { type: ["string", "null"] }, a],
  ["a type over its values", a, { enum: ["x", "y"] }],
  ["whole numbers over values", { type: "integer" }, { const: 3 }],
  ["more values", { enum: [1, { b: 1, c: 2 }] }, { const: { c: 2, b: 1 } }],
  ["wider bounds", { type: "number", minimum: 0, maximum: 9 }, { type: "number", minimum: 1, maximum: 9 }],
  ["no bound", { type: "array" }, { type: "array", maxItems: 3 }],
  ["a property less is needed", object({ a }), object({ a }, { required: ["a"] })],
  ["an optional property more", object({ a, b: { type: "number" } }), object({ a })],
  ["a property that is not named any more", object({}), object({ a })],
  [
    "closed over closed",
    object({ a, b: a }, { additionalProperties: false }),
    object({ a }, { additionalProperties: false }),
  ],
  ["elements that may be more", { type: "array", items: {} }, { type: "array", items: a }],
  ["a pattern that is gone", a, { type: "string", pattern: "^x" }],
  [
    "what is not known, the same",
    { ...a, format: "date", minLength: 1 },
    { ...a, format: "date", minLength: 2 },
  ],
])("wider: %s", (_what, wide, narrow) => {
  expect(isAtLeastAsWide(wide, narrow)).toBe(true);
});

test.each<[string, unknown, unknown]>([
  ["nothing", false, {}],
  ["whole numbers for any", { type: "integer" }, { type: "number" }],
  ["one for a choice", a, { anyOf: [a, { type: "null" }] }],
  ["fewer values", { enum: [1] }, { enum: [1, 2] }],
  ["values for a type", { enum: ["x"] }, a],
  ["tighter bounds", { type: "number", minimum: 1 }, { type: "number", minimum: 0 }],
  ["a bound where none was", { type: "string", maxLength: 3 }, a],
  ["a property that is needed now", object({ a }, { required: ["a"] }), object({ a })],
  ["a property of another type", object({ a: { type: "number" } }), object({ a })],
  ["closed where it was open", object({ a }, { additionalProperties: false }), object({ a })],
  ["a property less of a closed one", object({}, { additionalProperties: false }), object({ a })],
  ["elements that may be less", { type: "array", items: a }, { type: "array" }],
  ["a pattern that is new", { ...a, pattern: "^x" }, a],
  ["a choice beside other words", { ...a, anyOf: [{ minLength: 1 }] }, a],
  [
    "what the neighbours of a word mean",
    object({}, { additionalProperties: false }),
    object({}, { patternProperties: { "^x": {} }, additionalProperties: false }),
  ],
  [
    "elements by place",
    { type: "array", items: a },
    { type: "array", prefixItems: [{ type: "number" }], items: a },
  ],
  [
    "what is not evaluated",
    object({ a }, { unevaluatedProperties: false }),
    object({ a, b: a }, { unevaluatedProperties: false }),
  ],
  [
    "a name that every object has",
    object({}, { additionalProperties: false }),
    object({ constructor: a }, { additionalProperties: false }),
  ],
])("not wider: %s", (_what, wide, narrow) => {
  expect(isAtLeastAsWide(wide, narrow)).toBe(false);
});

test("nothing that is given is too odd for an answer, and everything is as wide as itself", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(isAtLeastAsWide(one, one)).toBe(true);
      expect(typeof isAtLeastAsWide(one, other)).toBe("boolean");
    }),
    { numRuns: 1000 },
  );
});

const bound = fc.integer({ min: 0, max: 3 });
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom({}, true, false, { type: "string" }, { type: "null" }, { type: ["number", "null"] }),
  fc.record(
    { type: fc.constantFrom("number", "integer"), minimum: bound, maximum: bound },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant("string"), minLength: bound, maxLength: bound }, { requiredKeys: ["type"] }),
  fc.record({ enum: fc.subarray([0, 1, 2, "a", null, 1.5], { minLength: 1 }) }),
);
/** Every object names both properties, so that the rule about those that only one schema knows does not come in. */
const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2 },
    leaf,
    fc.record(
      {
        type: fc.constant("object"),
        properties: fc.record({ a: tie("schema"), b: tie("schema") }),
        required: fc.subarray(["a", "b"]),
        additionalProperties: fc.constantFrom(true, false, { type: "number" }),
      },
      { requiredKeys: ["type", "properties"] },
    ),
    fc.record(
      { type: fc.constant("array"), items: tie("schema"), minItems: bound, maxItems: bound },
      { requiredKeys: ["type"] },
    ),
    fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
  ),
}));

const atom = fc.constantFrom<unknown>(0, 1, 2, 3, 1.5, -1, "", "a", "aaaa", null, true);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    atom,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.record({ a: tie("value"), b: tie("value"), c: atom }, { requiredKeys: [] }),
  ),
}));

function takes(schema: unknown, value: unknown): boolean {
  if (typeof schema === "boolean") return schema;
  const {
    type,
    anyOf,
    enum: values,
    properties,
    required,
    additionalProperties,
    items,
    ...bounds
  } = schema as Keywords;
  const types = type === undefined ? null : [type].flat();
  if (types !== null && !types.some((each) => isOf(each, value))) return false;
  if (Array.isArray(anyOf) && !anyOf.some((each) => takes(each, value))) return false;
  if (Array.isArray(values) && !values.includes(value)) return false;
  const least = (bound: string): number => (bounds[bound] as number | undefined) ?? -Infinity;
  const most = (bound: string): number => (bounds[bound] as number | undefined) ?? Infinity;
  if (typeof value === "number") return value >= least("minimum") && value <= most("maximum");
  if (typeof value === "string")
    return value.length >= least("minLength") && value.length <= most("maxLength");
  if (Array.isArray(value))
    return (
      value.length >= least("minItems") &&
      value.length <= most("maxItems") &&
      value.every((each) => takes(items ?? true, each))
    );
  if (typeof value !== "object" || value === null) return true;
  const known = (properties ?? {}) as Keywords;
  return (
    ([required ?? []].flat() as string[]).every((name) => name in value) &&
    Object.entries(value).every(([name, each]) => takes(known[name] ?? additionalProperties ?? true, each))
  );
}

function isOf(type: unknown, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

test("what is called wider takes whatever the other takes", () => {
  let told = 0;
  fc.assert(
    fc.property(schema, schema, fc.array(value, { maxLength: 20 }), (wide, narrow, values) => {
      if (!isAtLeastAsWide(wide, narrow)) return;
      told += 1;
      for (const each of values) expect(!takes(narrow, each) || takes(wide, each)).toBe(true);
    }),
    { numRuns: 5000 },
  );
  expect(told).toBeGreaterThan(200);
});

/** Ways to take more. */
const ways: readonly ((schema: unknown) => unknown)[] = [
  () => true,
  () => ({}),
  (one) => ({ anyOf: [{ type: "boolean" }, one] }),
  (one) => (typeof one === "object" ? { ...one, description: "It takes more." } : one),
  (one) => without(one, "required"),
  (one) => without(one, "additionalProperties"),
  (one) => without(one, "enum"),
  (one) => without(one, "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
  (one) =>
    typeof one === "object" && one !== null && "maximum" in one
      ? { ...one, maximum: Number(one.maximum) + 1 }
      : one,
  (one) =>
    typeof one === "object" && one !== null && "items" in one
      ? { ...one, items: { anyOf: [one.items, a] } }
      : one,
];

function without(schema: unknown, ...keywords: readonly string[]): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)));
}

test("what was made to take more is called wider, however often", () => {
  const some = fc.array(fc.constantFrom(...ways), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(schema, some, (narrow, steps) => {
      const wide = steps.reduce((one, step) => step(one), narrow);
      expect([wide, isAtLeastAsWide(wide, narrow)]).toEqual([wide, true]);
    }),
    { numRuns: 2000 },
  );
});
