// XState's development build speaks through console.warn; in these tests each warning is a failure.

import { afterEach, beforeEach, expect, jest } from "@jest/globals";

export function failOnXstateWarnings(): void {
  let warn: ReturnType<typeof jest.spyOn>;
  beforeEach(() => {
    warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  });
  afterEach(() => {
    const { calls } = warn.mock;
    warn.mockRestore();
    expect(calls).toEqual([]);
  });
}
