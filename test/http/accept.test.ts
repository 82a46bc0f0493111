import { expect, test } from "@jest/globals";
import { askedFormOf, formOf, type StreamForm } from "../../src/http/accept.js";

const [events, lines] = ["text/event-stream", "application/x-ndjson"];

// What a streaming function answers in, and what a plain one does: null is plain JSON.
test.each<[accept: string | null, streamed: StreamForm, plain: StreamForm | null]>([
  [null, "lines", null],
  ["", "lines", null],
  ["*/*", "lines", null],
  ["application/json", "lines", null],
  ["text/html, */*;q=0.8", "lines", null],
  [events, "events", "events"],
  [lines, "lines", "lines"],
  ["TEXT/Event-Stream ; charset=utf-8", "events", "events"],
  ["text/*", "events", "events"],
  [`${events}, */*`, "events", "events"],
  [`${lines}, */*`, "lines", "lines"],
  [`${events}, ${lines}`, "lines", "lines"],
  [`${events}, ${lines};q=0.9`, "events", "events"],
  [`${events};q=0.5, ${lines}`, "lines", "lines"],
  [`application/json, ${events}`, "events", null],
  [`application/json;q=0.1, ${events}`, "events", "events"],
  [`${events};q=0`, "lines", null],
  [`${events};q=0, text/*`, "lines", null],
  [`${events};q=2`, "events", "events"],
  [",;=,/,q=,", "lines", null],
])("%j", (accept, streamed, plain) => {
  expect([formOf(accept), askedFormOf(accept)]).toEqual([streamed, plain]);
});
