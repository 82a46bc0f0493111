// Whether one JSON Schema (draft 2020-12) takes all that another takes. It answers no where it cannot tell, so that a
// change it does not understand counts as one that callers may notice. Pure; it validates nothing.
//
// The rule that departs from set theory: a property that only the wider schema knows is taken as new, not as a narrowing
// of what the other left open, since that is what people mean when they add an optional property.

export type Schema = boolean | { readonly [keyword: string]: unknown };
type Keywords = Readonly<Record<string, unknown>>;

/** They describe, and take nothing away. */
const annotations: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$comment",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
]);

/** Bounds from below, and from above: tighter ones take less. */
const lowerBounds = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] as const;
const upperBounds = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] as const;

/** They change what their neighbours mean, so that schemas with them are compared as wholes. */
const entangled = [
  "prefixItems",
  "unevaluatedItems",
  "minContains",
  "patternProperties",
  "unevaluatedProperties",
] as const;

const understood: ReadonlySet<string> = new Set([
  "type",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
  ...lowerBounds,
  ...upperBounds,
]);

/** Anything may be given: what is no schema says nothing of what is taken. */
export function isAtLeastAsWide(wide: unknown, narrow: unknown): boolean {
  return takes(schemaOf(wide), schemaOf(narrow));
}

function schemaOf(given: unknown): Schema {
  if (typeof given === "boolean") return given;
  return typeof given === "object" && given !== null && !Array.isArray(given) ? (given as Schema) : true;
}

function takes(wider: Schema, narrower: Schema): boolean {
  if (narrower === false || wider === true) return true;
  if (wider === false) return false;
  const wide = keywordsOf(wider);
  if (Object.keys(wide).length === 0) return true;
  const narrow = keywordsOf(narrower === true ? {} : narrower);
  if (isSame(wide, narrow)) return true;
  if (entangled.some((keyword) => keyword in wide || keyword in narrow)) return false;
  const branches = alternatives(narrow);
  if (branches !== null) return branches.every((branch) => isAtLeastAsWide(wide, branch));
  const taken = alternatives(wide);
  if (taken !== null) return taken.some((branch) => isAtLeastAsWide(branch, narrow));
  // What is not understood has to be the same on both sides, or missing where more is to be taken.
  for (const [keyword, value] of Object.entries(wide))
    if (!understood.has(keyword) && !isSame(value, narrow[keyword])) return false;
  return (
    takesTypes(wide, narrow) &&
    takesValues(wide, narrow) &&
    lowerBounds.every((bound) => takesBound(wide[bound], narrow[bound], 1)) &&
    upperBounds.every((bound) => takesBound(wide[bound], narrow[bound], -1)) &&
    takesObjects(wide, narrow) &&
    takesItems(wide, narrow)
  );
}

function keywordsOf(schema: Exclude<Schema, boolean>): Keywords {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !annotations.has(keyword)));
}

/** Its branches, where it is nothing but a choice of them. */
function alternatives({ anyOf, ...others }: Keywords): readonly unknown[] | null {
  return Array.isArray(anyOf) && Object.keys(others).length === 0 ? (anyOf as unknown[]) : null;
}

function typesOf({ type }: Keywords): readonly unknown[] | null {
  if (type === undefined) return null;
  return Array.isArray(type) ? (type as unknown[]) : [type];
}

function takesTypes(wide: Keywords, narrow: Keywords): boolean {
  const taken = typesOf(wide);
  if (taken === null) return true;
  const given = typesOf(narrow);
  if (given !== null)
    return given.every((type) => taken.includes(type) || (type === "integer" && taken.includes("number")));
  const values = valuesOf(narrow);
  return values !== null && values.every((value) => typesOfValue(value).some((type) => taken.includes(type)));
}

function typesOfValue(value: unknown): readonly string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  return Number.isInteger(value) ? ["number", "integer"] : [typeof value];
}

function valuesOf(schema: Keywords): readonly unknown[] | null {
  if ("const" in schema) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? (schema["enum"] as unknown[]) : null;
}

function takesValues(wide: Keywords, narrow: Keywords): boolean {
  const taken = valuesOf(wide);
  if (taken === null) return true;
  const given = valuesOf(narrow);
  return given !== null && given.every((value) => taken.some((other) => isSame(other, value)));
}

/** `sign` 1: a bound from below; -1: from above. */
function takesBound(wide: unknown, narrow: unknown, sign: 1 | -1): boolean {
  if (wide === undefined) return true;
  return typeof wide === "number" && typeof narrow === "number" && sign * (narrow - wide) >= 0;
}

function takesObjects(wide: Keywords, narrow: Keywords): boolean {
  const needed = namesIn(wide["required"]);
  const promised = new Set(namesIn(narrow["required"]));
  if (!needed.every((name) => promised.has(name))) return false;
  const taken = propertiesOf(wide);
  const given = propertiesOf(narrow);
  const others = wide["additionalProperties"];
  for (const [name, schema] of Object.entries(given)) {
    const into = Object.hasOwn(taken, name) ? taken[name] : (others ?? true);
    if (!isAtLeastAsWide(into, schema)) return false;
  }
  if (others === undefined) return true;
  return isAtLeastAsWide(others, narrow["additionalProperties"] ?? true);
}

function namesIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? (list as string[]) : [];
}

function propertiesOf({ properties }: Keywords): Readonly<Record<string, unknown>> {
  return typeof properties === "object" && properties !== null ? (properties as Record<string, unknown>) : {};
}

function takesItems(wide: Keywords, narrow: Keywords): boolean {
  const { items } = wide;
  return items === undefined || isAtLeastAsWide(items, narrow["items"] ?? true);
}

/** Key order says nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame((a as Keywords)[key], (b as Keywords)[key]));
}
