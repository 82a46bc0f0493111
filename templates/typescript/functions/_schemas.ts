// Files whose names begin with _ are not called but imported. A schema is of any Standard Schema library: with zod,
// this one is `z.object({ a: z.number(), b: z.number() })`. Here it is written by hand, so that nothing is installed.

import type { StandardIssue, StandardSchema } from "splice-runtime/worker";

interface TwoNumbers {
  readonly a: number;
  readonly b: number;
}

export const twoNumbers: StandardSchema<TwoNumbers> = {
  "~standard": {
    version: 1,
    vendor: "by hand",
    validate(value) {
      const { a, b } = Object(value) as Record<"a" | "b", unknown>;
      if (typeof a === "number" && typeof b === "number") return { value: { a, b } };
      const issues: StandardIssue[] = [];
      if (typeof a !== "number") issues.push({ message: "must be a number", path: ["a"] });
      if (typeof b !== "number") issues.push({ message: "must be a number", path: ["b"] });
      return { issues };
    },
  },
};
