import { expect, test } from "@jest/globals";
import { errorTable, SpliceError } from "../../src/errors.js";
import { errorAnswer } from "../../src/http/answer.js";
import { retryAfterSeconds, statusOf } from "../../src/http/status.js";

const of = (code: number, details?: unknown) => new SpliceError({ code, message: "It failed.", details });

test("every code of the table has its status, and there is no other", () => {
  const statuses = Object.keys(errorTable).map((code) => [Number(code), statusOf(of(Number(code)), false)]);
  expect(Object.fromEntries(statuses)).toEqual({
    1000: 400,
    1001: 400,
    1002: 404,
    1003: 403,
    1004: 413,
    2000: 500,
    2001: 504,
    2002: 499,
    2003: 502,
    3000: 500,
    3001: 503,
    3002: 429,
    3003: 502,
  });
});

test("a status that invites to ask again is given only where nothing was started", () => {
  for (const [code, { notStarted }] of Object.entries(errorTable)) {
    if ([429, 503].includes(statusOf(of(Number(code)), false)))
      expect([code, notStarted]).toEqual([code, true]);
  }
});

test.each<[error: SpliceError, isAnonymous: boolean, status: number]>([
  [of(1003), true, 401],
  [of(1003, { userId: null }), false, 403],
  [of(1003, { reason: "verifier-failed" }), true, 500],
  [of(1003, { reason: "auth-failed" }), false, 500],
  [of(2002, { reason: "draining" }), false, 503],
  [of(4711), false, 500],
])("%s, %p, is %i", (error, isAnonymous, status) => {
  expect(statusOf(error, isAnonymous)).toBe(status);
});

test.each<[error: SpliceError, seconds: number | null]>([
  [of(3002, { retryAfterMs: 10 }), 1],
  [of(3001, { retryAfterMs: 2001 }), 3],
  [of(3001, { retryAfterMs: 0 }), 1],
  [of(3001, { retryAfterMs: null }), null],
  [of(3001), null],
  [of(2000, { retryAfterMs: 10 }), null],
])("%s comes with Retry-After %p", (error, seconds) => {
  expect(retryAfterSeconds(error)).toBe(seconds);
});

test("what is no SpliceError is a 500 in words of our own", () => {
  const { status, body } = errorAnswer(new Error("the password is secret"), false);
  expect(status).toBe(500);
  expect(JSON.parse(body as string)).toMatchObject({ error: { code: 3000, kind: "System" } });
  expect(body).not.toContain("secret");
});
