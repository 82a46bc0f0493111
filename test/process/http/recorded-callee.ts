// A Splice handle as the HTTP handler needs one, whose calls and streams are written into the history of a test's system.
// Those that are refused before they reach a supervisor are in no history.

import type { Splice } from "../../../src/contract/splice.js";
import { isSpliceError } from "../../../src/errors.js";
import type { HttpCallee } from "../../../src/http/http-calls.js";
import type { HostEvent } from "../../../src/testing/history/events.js";
import type { TestSystem } from "../harness.js";

type RequestId = number | bigint;

/** Of the system's own handle: what has just been asked for stands in the journal. */
export function embeddedCallee(system: TestSystem): HttpCallee {
  const { journal, records, splice } = system;
  const admitted = (seen: number): RequestId | undefined =>
    journal.all
      .slice(seen)
      .findLast(({ kind }) => kind === "enqueue" || kind === "accept" || kind === "reject")?.requestId;
  let seen = 0;
  return calleeOf(splice, records.host, 0, {
    before: () => (seen = journal.all.length),
    after: () => admitted(seen),
  });
}

/** Of the first connection, whose every call reaches the supervisor, in the order of the calls. */
export function connectedCallee(system: TestSystem, splice: Splice): HttpCallee {
  let last = 0;
  return calleeOf(splice, system.records.host, 1, { before: () => undefined, after: () => ++last });
}

interface RequestIds {
  before(): void;
  after(): RequestId | undefined;
}

function calleeOf(splice: Splice, history: HostEvent[], callerId: number, ids: RequestIds): HttpCallee {
  const begun = (functionName: string, streams: boolean, signal: AbortSignal | undefined) => {
    const requestId = ids.after();
    if (requestId === undefined) return null;
    const at = () => ({ callerId, requestId, atMs: performance.now() });
    history.push({ kind: "invoke", ...at(), functionName, ...(streams ? { streams } : {}) });
    let hasEnded = false;
    const cancelled = () => {
      if (!hasEnded) history.push({ kind: "cancel", ...at() });
    };
    signal?.addEventListener("abort", cancelled);
    return {
      cancelled,
      item: (sequence: number) => {
        if (!hasEnded) history.push({ kind: "chunk", ...at(), sequence });
      },
      // Whoever leaves hears no more; what was waited for then is told to nobody.
      ended: (code: number) => {
        if (!hasEnded) history.push({ kind: "outcome", ...at(), code });
        hasEnded = true;
      },
    };
  };
  const codeOf = (error: unknown): number => (isSpliceError(error) ? error.code : -1);
  return {
    exports: () => splice.exports(),
    call(name, params, options) {
      ids.before();
      const answer = splice.call(name, params, options);
      const call = begun(name, false, options?.signal);
      answer.then(
        () => call?.ended(0),
        (error: unknown) => call?.ended(codeOf(error)),
      );
      return answer;
    },
    stream(name, params, options) {
      const stream = splice.stream(name, params, options);
      return {
        ...stream,
        [Symbol.asyncIterator]() {
          const items = stream[Symbol.asyncIterator]();
          let call: ReturnType<typeof begun> = null;
          let sequence = -1;
          return {
            async next() {
              const isFirst = sequence === -1;
              if (isFirst) ids.before();
              const step = items.next();
              if (isFirst) call = begun(name, true, options?.signal);
              sequence += 1;
              try {
                const { done } = await step;
                if (done === true) call?.ended(0);
                else call?.item(sequence);
              } catch (error) {
                call?.ended(codeOf(error));
              }
              return step;
            },
            return() {
              call?.cancelled();
              call?.ended(2002);
              return items.return?.() ?? Promise.resolve({ done: true, value: undefined });
            },
            [Symbol.asyncIterator]() {
              return this;
            },
          };
        },
      };
    },
  };
}
