// The predecessor's end-to-end cases for calls and context, which it mostly skipped: the nine functions of its fixture
// worker, by their names there, once through createSplice and once through the host socket.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connectToSupervisor } from "../../../src/client/connect-to-supervisor.js";
import type { CallOptions } from "../../../src/contract/splice.js";
import { createSplice } from "../../../src/index.js";
import { realClock } from "../../../src/time.js";
import { fixtures, makeFolder, startSystem, type TestSystem } from "../harness.js";

const functions = join(fixtures, "functions/nine");
type Call = (name: string, params?: unknown, options?: CallOptions) => Promise<unknown>;

interface Way {
  readonly call: Call;
  readonly end: () => Promise<void>;
}

async function embedded(): Promise<Way> {
  const splice = await createSplice({ functions });
  return { call: (...call) => splice.call(...call), end: () => splice.close() };
}

async function connected(): Promise<Way> {
  const folder = await makeFolder();
  const socket = join(folder, "s");
  const system: TestSystem = await startSystem({ functions, socket }, { keyed: false });
  const client = await connectToSupervisor(socket, realClock);
  return {
    call: (...call) => client.call(...call),
    end: async () => {
      client.close();
      await system.atRest();
      await system.splice.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe.each([
  ["createSplice", embedded],
  ["the host socket", connected],
])("through %s", (_, start) => {
  let way: Way;
  let call: Call;

  beforeAll(async () => {
    way = await start();
    call = way.call;
  });
  afterAll(async () => {
    await way.end();
  });

  describe("calls", () => {
    test("a simple synchronous function returns its greeting", async () => {
      expect(await call("hello_world")).toBe("Hello from Splice!");
    });

    test("a synchronous function gets its parameters", async () => {
      expect(await call("add_numbers", { a: 10, b: 32 })).toBe(42);
    });

    test("an asynchronous function is awaited", async () => {
      expect(await call("get_trace_info")).toEqual({
        trace_id: expect.anything(),
        span_id: expect.anything(),
      });
      expect(await call("slow_function", { delay_ms: 20 })).toBe("slept 20 ms");
    });

    test("what a function throws rejects with its message", async () => {
      const user = { name: "Tim", age: 10, email: "tim@example.com" };
      await expect(call("process_user", { user })).rejects.toMatchObject({
        code: 2000,
        message: expect.stringContaining("18 or older"),
      });
    });

    test("a missing parameter rejects", async () => {
      await expect(call("add_numbers", { a: 1 })).rejects.toMatchObject({ code: 2000 });
    });

    test("nested parameters arrive whole", async () => {
      const user = { name: "Ada", age: 30, email: "ada@example.com" };
      expect(await call("process_user", { user })).toContain("Ada");
    });

    test("100 calls in parallel each get their own answer", async () => {
      const sums = await Promise.all(
        Array.from({ length: 100 }, (_, i) => call("add_numbers", { a: i, b: 1 })),
      );
      expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    });

    test("50 calls one after the other each get theirs", async () => {
      for (let i = 0; i < 50; i++) expect(await call("add_numbers", { a: i, b: i })).toBe(2 * i);
    });

    // Its counter per function was never decremented: the 257th call of one function failed for ever.
    test("the 257th call of one function is like the first", async () => {
      for (let i = 0; i < 300; i++) await call("get_version");
      expect(await call("get_version")).toBe(1);
    });

    test("plain errors do not crash the worker", async () => {
      const user = { name: "Tim", age: 15, email: "tim@example.com" };
      await expect(call("process_user", { user })).rejects.toThrow("must be 18");
      expect(await call("process_user", { user: { ...user, age: 18 } })).toContain("Tim");
    });

    test("a function that takes its worker down ends with 2003, and the next call is served by a new one", async () => {
      await expect(call("panic_function", { should_panic: true })).rejects.toMatchObject({ code: 2003 });
      expect(await call("panic_function", { should_panic: false })).toBe("no panic");
    });
  });

  describe("context", () => {
    test("trace and span ids are those that the caller gives", async () => {
      const ids = { traceId: 2n ** 63n + 1n, spanId: 42 };
      expect(await call("get_trace_info", {}, ids)).toEqual({ trace_id: 2n ** 63n + 1n, span_id: 42 });
    });

    test("without them the function has ids of its own, not 0", async () => {
      const [first, second] = [await call("get_trace_info"), await call("get_trace_info")];
      expect(first).not.toMatchObject({ trace_id: 0 });
      expect(first).not.toEqual(second);
    });

    test("custom headers arrive", async () => {
      const headers = { "X-Custom-One": "1", "X-Custom-Two": "zwei" };
      expect(await call("echo_headers", {}, { headers })).toEqual(headers);
    });

    test("user and roles arrive", async () => {
      const admin = { userId: "ada", roles: ["author", "admin"] };
      expect(await call("check_auth", {}, { auth: admin })).toEqual({ user_id: "ada", is_admin: true });
      expect(await call("check_auth", {}, { auth: { userId: "bob" } })).toEqual({
        user_id: "bob",
        is_admin: false,
      });
    });

    test("without auth a function can tell", async () => {
      await expect(call("check_auth")).rejects.toThrow("Not authenticated");
    });

    test("context and parameters together", async () => {
      const user = { name: "Ada", age: 30, email: "ada@example.com" };
      const headers = { "X-Request-Source": "test" };
      expect(await call("process_user", { user }, { headers, auth: { userId: "ada" } })).toContain("Ada");
    });

    test("calls that run at once do not see each other's context", async () => {
      const users = Array.from({ length: 40 }, (_, i) => `user-${String(i)}`);
      const seen = await Promise.all(users.map((userId) => call("check_auth", {}, { auth: { userId } })));
      expect(seen).toEqual(users.map((user_id) => ({ user_id, is_admin: false })));
    });
  });
});
