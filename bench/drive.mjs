// One measurement, in a process of its own: starts one contender, warms up, measures, prints one line of JSON.
//
//     node drive.mjs '{"contender":"piscina","case":"64b-64","warmupMs":1000,"measureMs":2000}'

import { caseNamed } from "./cases.mjs";
import { Latencies, load } from "./load.mjs";
import { isEcho, payloadOf } from "./payloads.mjs";
import { cpuUs, family, pssKib } from "./processes.mjs";

const { contender: contenderName, case: caseName, warmupMs, measureMs } = JSON.parse(process.argv[2]);
const chosen = caseNamed(caseName);
const { inFlight } = chosen;
const latencies = new Latencies();
const payload = payloadOf(chosen, 0);

const startedAt = performance.now();
const contender = await import(`./contenders/${contenderName}.mjs`);
const { call, pump, close } = await contender.start(chosen);
const run = pump ?? ((ms) => load(call, payload, inFlight, ms, latencies));
await check(payload);
const startMs = performance.now() - startedAt;

const unlike = Array.from({ length: inFlight }, (_, seed) => payloadOf(chosen, seed));
await check(...unlike);
await run(warmupMs, latencies);
latencies.reset();

const pids = family(process.pid);
const cpuBefore = cpuUs(pids);
const elapsedMs = await run(measureMs, latencies);
const cpuAfter = cpuUs(pids);
const memoryKib = pssKib(pids);
const calls = latencies.count;
const [p50Us, p99Us] = latencies.percentilesUs(0.5, 0.99);
await check(...unlike);

const figures = {
  callsPerSecond: (calls / elapsedMs) * 1000,
  p50Us,
  p99Us,
  cpuUsPerCall: cpuBefore === null ? null : (cpuAfter - cpuBefore) / calls,
  pssKib: memoryKib,
  startMs,
  calls,
  processes: pids.length,
};
const line = `${JSON.stringify({ contender: contenderName, case: caseName, note: contender.note?.(chosen) ?? "", figures })}\n`;
await new Promise((resolve) => process.stdout.write(line, resolve));
// The figures are out: a contender that does not end by itself is no reason to wait.
setTimeout(() => process.exit(0), 3000).unref();
await close();
process.exit(0);

/** All of these at once: each must come back as it went. The limit has no calls and checks its bytes instead. */
async function check(...sent) {
  if (call === undefined) return pump(0, latencies);
  const received = await Promise.all(sent.map((one) => call(one)));
  const wrong = received.findIndex((one, i) => !isEcho(chosen, sent[i], one));
  if (wrong === -1) return;
  const shown = JSON.stringify(received[wrong])?.slice(0, 200);
  throw new Error(
    `${contenderName} answered call ${String(wrong)} of ${String(sent.length)} with something else: ${shown}`,
  );
}
