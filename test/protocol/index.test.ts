import { expect, test } from "@jest/globals";
import * as published from "../../src/protocol/index.js";

test("the published entry has exactly these names", () => {
  expect(Object.keys(published).sort()).toStrictEqual([
    "Decoder",
    "ProtocolError",
    "capability",
    "encode",
    "protocolVersion",
  ]);
});

test("a ProtocolError of one copy of the package is one by name, reason and messages", () => {
  const error = new published.ProtocolError("malformed", "words");
  expect(error).toMatchObject({ name: "ProtocolError", reason: "malformed", message: "words", messages: [] });
});
