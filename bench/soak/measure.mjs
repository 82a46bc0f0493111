// One shape, in the client's process: starts a supervisor, warms it up, takes its capacity and its baseline, then runs
// the shape's load and prints one line of JSON.
//
//     node measure.mjs '{"shape":"L1","isQuick":true}'

import { closedLoop } from "../load.mjs";
import { echo, echoLanes, steady } from "./load.mjs";
import { Meter } from "./meter.mjs";
import { startSystem } from "./system.mjs";
import { answers } from "./vitals.mjs";

const { shape: name, isQuick } = JSON.parse(process.argv[2]);
const shape = await import(`./shapes/${name}.mjs`);
const warmupMs = isQuick ? 300 : 5000;
const baselineMs = isQuick ? 300 : 5000;
const ms = isQuick ? 1000 : shape.seconds * 1000;

const system = await startSystem(shape.setup);
const { permits = echoLanes } = shape.setup ?? {};
const small = (n) => echo(system, n);
await closedLoop(small, Math.min(echoLanes, permits), warmupMs * 0.4);
const capacity = await closedLoop(small, Math.min(echoLanes, permits), warmupMs * 0.6);
const baseline = shape.hasBaseline ? await steady(small, capacity * 0.3, baselineMs) : null;

const release = await shape.hold?.(system);
const meter = new Meter(system);
await meter.start();
answers.loopDelay();
const figures = await shape.run({ system, capacity, meter, ms, warmupMs, isQuick });
const client = { loopDelay: answers.loopDelay() };
const vitals = { client, ...(await meter.stop(figures.calls, shape.hasWorker ?? true)) };
await release?.();
const line = `${JSON.stringify({ capacity, baseline, figures, vitals })}\n`;
await new Promise((resolve) => process.stdout.write(line, resolve));
await system.close();
process.exit(0);
