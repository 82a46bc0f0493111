// A file whose name begins with "_" is never called from outside: it is for code that the functions share.
//
// This one is the smallest useful schema: an object that has a number under each of the given keys. A schema is
// any object with a "~standard" property as described on https://standardschema.dev.

import type { StandardIssue, StandardSchema } from "splice-runtime/worker";

export function numbers<Key extends string>(...keys: Key[]): StandardSchema<Record<Key, number>> {
  return {
    "~standard": {
      version: 1,
      vendor: "hello",
      validate(value) {
        const given = value as Record<Key, unknown>;
        const issues: StandardIssue[] = keys
          .filter((key) => typeof given[key] !== "number")
          .map((key) => ({
            path: [key],
            message: `must be a number, but is ${shown(given[key])}`,
          }));
        return issues.length > 0 ? { issues } : { value: given as Record<Key, number> };
      },
    },
  };
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
