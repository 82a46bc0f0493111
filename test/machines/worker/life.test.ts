import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { WorkerEvent } from "../../../src/machines/worker/events.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { createWorkerRig, events, reapMs, timings, ways, type WorkerRig } from "./rig.js";

failOnXstateWarnings();

const types = (rig: WorkerRig) => rig.reports.map((report) => report.type);

describe("from start to service", () => {
  test("process and link are started for one instance; ready is reported once dispatch has the process", () => {
    const rig = ways.ready();
    expect(rig.asked).toEqual(["process 1", "link 1", "attach 1", "heartbeat 1"]);
    expect(rig.reports).toEqual([
      {
        type: "worker.ready",
        memberId: "app:1",
        workerId: "app:1",
        pool: "app",
        instance: 1,
        pid: 4711,
        generation: 1,
        exports: events.listed.exports,
      },
    ]);
    expect(rig.clock.timerCount).toBe(0);
  });

  test("is reported after its first health check was asked for, so that no call can come before that", () => {
    expect(ways.ready().askedBeforeReady).toEqual(["process 1", "link 1", "attach 1", "heartbeat 1"]);
  });

  test("that the supervisor refuses is no service: an unasked end by SIGKILL, as of a failed start", () => {
    const rig = say(ways.ready(), events.unwanted, events.ended, events.closed);
    expect(rig.asked).toContain("SIGKILL 1");
    expect(types(rig)).toEqual(["worker.ready", "worker.withdrawn", "worker.exited"]);
    const how = "was ended because it exports f, which another pool has";
    expect(rig.exit).toMatchObject({ wasAsked: false, wasReady: false, how });
  });

  test("takes an answered health check as well where it has to prove itself: no call can come before that", () => {
    const rig = ways.proving();
    expect([rig.asked, rig.reports]).toEqual([["process 1", "link 1", "heartbeat 1"], []]);
    rig.send(events.healthy);
    expect(rig.askedBeforeReady.slice(-3)).toEqual(["attach 1", "end heartbeat 1", "heartbeat 1"]);
    expect(types(rig)).toEqual(["worker.ready"]);
    const silent = waiting(ways.proving(), timings.connectTimeoutMs);
    expect([silent.state, silent.reports]).toEqual(["killing", []]);
  });

  test("lag is what the last health check measured", () => {
    const rig = ways.ready();
    rig.send(events.healthy);
    expect(rig.context.lagMs).toBe(1.5);
  });

  test("too few misses change nothing", () => {
    const rig = ways.ready();
    rig.send({ type: "health.missed", misses: 2 });
    expect(rig.state).toBe("ready");
  });
});

describe("a start that fails", () => {
  const failures: [string, () => WorkerRig, string][] = [
    [
      "a program that cannot be started",
      () => say(ways.spawning(), events.failed),
      "could not be started: the program was not found",
    ],
    [
      "an exit before the handshake",
      () => say(ways.connecting(), events.ended),
      "ended unasked with exit code 1",
    ],
    [
      "a refused handshake",
      () => say(ways.handshaking(), events.refused, events.ended, events.closed),
      "was ended because its handshake was refused",
    ],
    [
      "silence",
      () => say(waiting(ways.handshaking(), timings.connectTimeoutMs), events.ended, events.closed),
      "was ended because it did not become ready within 10000 ms; if it needs longer, raise connectTimeoutMs",
    ],
    [
      "a broken process actor",
      () => createWorkerRig("process"),
      "could not be started: its process actor failed",
    ],
  ];
  test.each(failures)("%s is reported in words, as unasked and never ready", (_what, make, how) => {
    const rig = make();
    expect(rig.state).toBe("exited");
    expect(rig.exit).toMatchObject({ how, wasAsked: false, wasReady: false });
    expect(types(rig)).toEqual(["worker.exited"]);
    expect(rig.errors).toEqual([]);
  });

  test("a broken link actor has the process killed", () => {
    const rig = createWorkerRig("link");
    expect([rig.state, rig.asked]).toEqual(["killing", ["process 1", "SIGKILL 1"]]);
  });

  test("a broken heartbeat has the process killed, a broken kill leads to the next rung and no further", () => {
    const rig = createWorkerRig("heartbeat");
    say(rig, events.spawned, events.opened, events.listed);
    expect(rig.state).toBe("killing");
    const unproven = say(createWorkerRig("heartbeat", undefined, true), events.spawned, events.opened);
    expect(say(unproven, events.listed).state).toBe("killing");
    const unkillable = createWorkerRig("kill");
    say(unkillable, events.stop);
    expect([unkillable.state, unkillable.errors]).toEqual(["killing", []]);
  });
});

describe("the ladder", () => {
  test("Shutdown, then SIGTERM after shutdownMs, then SIGKILL after terminateMs, each once", () => {
    const rig = ways.ready();
    const before = rig.asked.length;
    rig.send(events.stop);
    rig.send(events.stop);
    expect(rig.asked.slice(before)).toEqual(["end heartbeat 1", "shutdown"]);
    rig.clock.advance(timings.shutdownMs);
    rig.send(events.stop);
    expect(rig.asked.slice(before)).toEqual(["end heartbeat 1", "shutdown", "SIGTERM 1"]);
    rig.clock.advance(timings.terminateMs);
    // Before anybody asks for it: that alone would have it sent, too.
    expect(rig.asked.slice(before)).toEqual(["end heartbeat 1", "shutdown", "SIGTERM 1", "SIGKILL 1"]);
    rig.send(events.kill);
    rig.clock.advance(60_000);
    expect(rig.asked.slice(before)).toEqual(["end heartbeat 1", "shutdown", "SIGTERM 1", "SIGKILL 1"]);
  });

  test("whoever leaves at Shutdown is not signalled, and is told as asked for", () => {
    const rig = ways.stopping();
    say(rig, { ...events.ended, exitCode: 0 }, events.closed);
    expect(rig.exit).toMatchObject({ wasAsked: true, wasReady: true, how: "stopped when it was told to" });
    expect(rig.asked.filter((what) => what.startsWith("SIG"))).toEqual([]);
  });

  test("a kill is immediate, with its reason", () => {
    const rig = ways.handshaking();
    say(rig, events.kill, { ...events.ended, exitCode: null, signal: "SIGKILL" }, events.closed);
    expect(rig.asked).toContain("SIGKILL 1");
    expect(rig.exit).toMatchObject({ wasAsked: true, how: "was ended because it was told to" });
  });

  test.each([
    ["breach", () => say(ways.ready(), events.breached), "was ended because it lied"],
    [
      "misses",
      () => say(ways.ready(), events.missed),
      "was ended because it no longer answers health checks",
    ],
    [
      "staying without a link",
      () => waiting(ways.disconnected(), 200),
      "was ended because it closed its link and it stayed",
    ],
  ])("a %s is an unasked end by SIGKILL", (_what, make, how) => {
    const rig = say(make(), { ...events.ended, exitCode: null, signal: "SIGKILL" }, events.closed);
    waiting(rig, reapMs);
    expect(rig.asked).toContain("SIGKILL 1");
    expect(rig.exit).toMatchObject({ wasAsked: false, wasReady: true, how });
  });

  test("whoever leaves service is withdrawn at once, exactly once, before it is gone", () => {
    for (const event of [
      events.stop,
      events.kill,
      events.closed,
      events.ended,
      events.breached,
      events.failed,
      events.unwanted,
    ]) {
      const rig = say(ways.ready(), event, events.stop, events.kill, events.ended, events.closed);
      waiting(rig, reapMs);
      expect(types(rig)).toEqual(["worker.ready", "worker.withdrawn", "worker.exited"]);
    }
  });
});

describe("the end of a process", () => {
  test("its link is read to the end before its calls are given up", () => {
    const rig = ways.reaping();
    expect(rig.asked).not.toContain("end link 1");
    expect(rig.asked).not.toContain("detach 1");
    rig.send(events.closed);
    expect(rig.asked.slice(-3).sort()).toEqual(["detach 1", "end link 1", "end process 1"]);
    expect(rig.exit).toMatchObject({ exitCode: 1, stderrTail: "last words\n" });
  });

  test("a link that somebody else holds open delays that by no more than a moment", () => {
    const rig = ways.reaping();
    rig.clock.advance(reapMs);
    expect([rig.state, rig.asked.includes("detach 1")]).toEqual(["exited", true]);
  });

  test("a link that was closed already delays nothing", () => {
    const rig = say(ways.disconnected(), events.ended);
    expect(rig.state).toBe("exited");
    expect(rig.exit).toMatchObject({ how: "ended unasked with exit code 1" });
  });
});

describe("the next start", () => {
  test("comes after its delay, with a new instance and nothing left of the old one", () => {
    const rig = ways.backingOff();
    rig.clock.advance(events.start.delayMs);
    expect(rig.state).toBe("spawning");
    expect(rig.asked.slice(-2)).toEqual(["process 2", "link 2"]);
    expect(rig.context).toMatchObject({
      instance: 2,
      pid: null,
      isLinkOpen: false,
      wasReady: false,
      wasAsked: false,
      killReason: null,
      lagMs: 0,
      exit: { how: "" },
    });
  });

  test("a stop that comes before it is told as asked for: the crash before is not told again", () => {
    for (const event of [events.stop, events.kill]) {
      const rig = say(ways.backingOff(), event);
      const last = rig.reports.at(-1);
      expect(last).toMatchObject({
        type: "worker.exited",
        pid: null,
        exit: { wasAsked: true, stderrTail: "" },
      });
      expect(rig.exit?.how).toBe("was stopped before it was started again");
      waiting(rig, 86_400_000);
      expect(rig.state).toBe("exited");
    }
  });
});

test("no order of events, however odd, makes the machine fail or leave a timer behind", () => {
  const step = fc.oneof(
    fc.constantFrom<WorkerEvent>(...Object.values(events)),
    fc.constantFrom(1, 10, 200, 5000, 10_000),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const rig = createWorkerRig();
      for (const each of steps) {
        if (typeof each === "number") rig.clock.advance(each);
        else rig.send(each);
      }
      if (rig.status !== "active" || rig.errors.length > 0) throw new Error(`It ended as ${rig.status}.`);
      // Ready and withdrawn take turns, and every instance ends once.
      const service = /^worker\.(ready|withdrawn|exited)$/;
      const order = types(rig)
        .filter((type) => service.test(type))
        .join(" ");
      if (
        !/^((worker\.ready worker\.withdrawn )?worker\.exited ?)*(worker\.ready)?( worker\.withdrawn)?$/.test(
          order,
        )
      ) {
        throw new Error(order);
      }
      // One that is condemned, and told to go after that, has two patiences.
      if (rig.clock.timerCount > (["examining", "spared"].includes(rig.state) ? 2 : 1))
        throw new Error(`${String(rig.clock.timerCount)} timers in ${rig.state}`);
    }),
    { numRuns: 5000 },
  );
});

function say(rig: WorkerRig, ...facts: WorkerEvent[]): WorkerRig {
  for (const fact of facts) rig.send(fact);
  return rig;
}

function waiting(rig: WorkerRig, ms: number): WorkerRig {
  rig.clock.advance(ms);
  return rig;
}
