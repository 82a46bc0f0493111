// The real dispatcher with scripted workers and callers on a test clock, beside the model of what a caller may rely on of
// one call, and in lock-step with the chart that specifies it: what the journal says of the call is what the chart takes.

import { test } from "@jest/globals";
import { createActor } from "xstate";
import type { CallId } from "../../src/ids.js";
import { callEventOf } from "../../src/machines/call/journal-events.js";
import { callMachine } from "../../src/machines/call/machine.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { appExports, createBench, id, ScriptedCaller, StreamingCaller, table } from "../dispatch/scripted.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { allowedMs, callCases, callModel, callWaitMs, graceMs, queueWaitMs } from "./call-model.js";
import { same, told, walkTimeoutMs } from "./same.js";
import { Taken } from "./taken.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();

/** A time is met within a bucket of the deadlines, and seen after it. */
const slackMs = 6;

function subject(): ModelSubject<typeof callModel> {
  const bench = createBench({
    maxInFlight: 1,
    maxQueue: 1,
    maxQueueWaitMs: queueWaitMs,
    cancelGraceMs: graceMs,
  });
  const { dispatcher } = bench;
  const caller = new StreamingCaller(2);
  const others = new ScriptedCaller(3);
  const chart = createActor(callMachine, { inspect: taken.inspect }).start();
  let [callId, requestId, otherId, sent] = [0, 0, 0, 0];
  let [answered, overdue, read, spentMs] = [0, 0, 0, 0];
  let isCrowded = false;
  const ready = (): void => {
    bench.attach(1);
    bench.ready(1);
  };
  const call = (name: string): void => {
    callId = bench.callAs(caller, name, allowedMs);
    sent += 1;
    requestId = sent;
  };
  const callOther = (by: ScriptedCaller): number => {
    sent += 1;
    return bench.callAs(by, "f", 10 * allowedMs);
  };
  const publish = (isDue: boolean): void => {
    dispatcher.publish(table({ app: { isDue, exports: appExports } }));
  };
  /** What the journal says of the call since it was last asked; the chart has to take all of it. */
  const step = (): string[] => {
    const entries = [...bench.journal.entries()];
    const refused: string[] = [];
    for (const entry of entries.slice(read)) {
      const type = callEventOf(entry.kind);
      const isOwn = callId === 0 ? entry.requestId === requestId : entry.callId === callId;
      if (type === undefined || !isOwn) continue;
      if (!chart.getSnapshot().can({ type }))
        refused.push(`${chart.getSnapshot().value} does not take ${type}`);
      chart.send({ type });
    }
    read = entries.length;
    return refused;
  };
  const inFlightOf = (name: string): number =>
    [...dispatcher.functions].find((each) => each.name === name)?.inFlight ?? 0;
  const holdsSlot = ["queued", "dispatched", "streaming", "cancelling", "answered"];
  const compare = ({ state, actions }: ModelStep<typeof callModel>): void => {
    const refused = step();
    const codes = caller.answers.slice(answered).map(({ code }) => code);
    const news = bench.overdue.length - overdue;
    [answered, overdue] = [caller.answers.length, bench.overdue.length];
    const name = state.value as string;
    const { isStream } = state.context;
    const [own, other] = [holdsSlot.includes(name) ? 1 : 0, otherId === 0 ? 0 : 1];
    same(
      {
        chart: chart.getSnapshot().value,
        refused,
        codes,
        isWaiting: callId !== 0 && dispatcher.isWaiting(callId as CallId),
        inFlight: dispatcher.inFlight,
        ofFunctions: { f: inFlightOf("f"), s: inFlightOf("s") },
        ofCaller: caller.share.held,
        ofOthers: others.share.held,
        queued: dispatcher.queued,
        overdue: news,
        faults: [...bench.faults, ...bench.breaches],
      },
      {
        chart: name,
        refused: [],
        codes: told("answers", actions).map(Number),
        isWaiting: ["waiting", "queued", "dispatched", "streaming", "cancelling"].includes(name),
        inFlight: own + other,
        ofFunctions: { f: other + (isStream ? 0 : own), s: isStream ? own : 0 },
        ofCaller: own,
        ofOthers: other,
        queued: (name === "waiting" ? 1 : 0) + (isCrowded ? 1 : 0),
        overdue: told("tells", actions).length,
        faults: [],
      },
    );
  };
  const end = () => {
    dispatcher.streams.onEnd(id(1), { type: "StreamEnd", requestId: callId, totalChunks: 0 });
  };
  return {
    events: {
      called: () => {
        ready();
        call("f");
      },
      "stream.called": () => {
        ready();
        call("s");
      },
      "called.early": () => {
        publish(true);
        call("f");
      },
      "called.inVain": () => {
        publish(false);
        call("f");
      },
      "called.behind": () => {
        ready();
        otherId = callOther(others);
        call("f");
      },
      "called.amidCrowd": () => {
        ready();
        otherId = callOther(others);
        // The one place is its own caller's already: that of another would be shared with it.
        callOther(caller);
        isCrowded = true;
        call("f");
      },
      "slot.freed": () => {
        const freed = otherId;
        otherId = 0;
        bench.result(1, freed);
      },
      "worker.ready": ready,
      "worker.given.up": () => publish(false),
      "worker.exited": () => bench.exit(1),
      result: () => bench.result(1, callId),
      error: () => bench.error(1, callId),
      "stream.started": () =>
        dispatcher.streams.onStart(id(1), { type: "StreamStart", requestId: callId, window: 4 }),
      "stream.ended": end,
      cancelled: (_, { value, context }) => {
        if (value === "cancelling" && !context.isSaidAgain) {
          bench.clock.advance(graceMs / 2);
          spentMs = graceMs / 2;
        }
        dispatcher.cancel(callId as CallId, false);
      },
      "cancelled.now": () => dispatcher.cancel(callId as CallId, true),
      "drain.ended": () => dispatcher.endDrain(),
      closed: () => {
        dispatcher.close("closed");
        otherId = 0;
      },
      "time.passed": (_, { value }) => {
        bench.clock.advance(callWaitMs(value) - (value === "cancelling" ? spentMs : 0) + slackMs);
      },
    },
    states: {
      arriving: compare,
      waiting: compare,
      queued: compare,
      dispatched: compare,
      streaming: compare,
      cancelling: compare,
      answered: compare,
      settled: compare,
      refused: compare,
    },
  };
}

test(
  "a call gets what its caller may rely on, and is where its chart says",
  async () => {
    const coverage = await testEveryTransition(callModel, {
      subject,
      cases: (state) => callCases(state),
      endIn: ({ status }) => status === "done",
    });
    // A worker that says so breaks the protocol: test/dispatch/streams-breaches.test.ts.
    announce.model("call", coverage, ["dispatched stream.ended", "streaming result"]);
  },
  walkTimeoutMs,
);

test("and every transition of its chart was taken by that", () => {
  announce.chart("call", taken.of(callMachine));
});
