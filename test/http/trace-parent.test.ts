import { expect, test } from "@jest/globals";
import { traceOf } from "../../src/http/trace-parent.js";

const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";
const read = { traceId: 0x8448eb211c80319cn, spanId: 0xb7ad6b7169203331n };

test.each([
  `00-${trace}-${span}-01`,
  `00-${trace}-${span}-ff`,
  `01-${trace}-${span}-01`,
  `cc-${trace}-${span}-01-more-of-it`,
])("%s is read", (header) => {
  expect(traceOf(header)).toEqual(read);
});

test("of a trace whose low half is 0 nothing is left to tell", () => {
  expect(traceOf(`00-0af7651916cd43dd0000000000000000-${span}-01`)).toEqual({ ...read, traceId: 0n });
});

test.each([
  null,
  "",
  `ff-${trace}-${span}-01`,
  `00-${trace}-${span}-01-more`,
  `00-${trace}-${span}-01-`,
  `00-${trace}-${span}`,
  `00-${trace}-${span}-1`,
  `01-${trace}-${span}-01more`,
  `00-${trace.toUpperCase()}-${span}-01`,
  `00-${"0".repeat(32)}-${span}-01`,
  `00-${trace}-${"0".repeat(16)}-01`,
  `00-${trace.slice(1)}-${span}-01`,
  `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
  ` 00-${trace}-${span}-01`,
])("%j is not", (header) => {
  expect(traceOf(header)).toBeNull();
});
