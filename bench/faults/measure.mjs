// One measurement of one contender, in a process of its own; prints one line of JSON with its figures and with what
// this process holds more after it than before. The first start and close are for what is loaded only once.
//
//     node --expose-gc measure.mjs '{"measurement":"death","contender":"piscina","isQuick":true}'

import { contenders } from "./contenders.mjs";
import { holdings } from "./tools.mjs";

const { measurement, contender, isQuick } = JSON.parse(process.argv[2]);
const { run } = await import(`./measurements/${measurement}.mjs`);
const chosen = contenders[contender];

const warm = await chosen.start({ workers: 1, perWorker: 1 });
await warm.call("echo", {});
await warm.close();
const before = await holdings();
const figures = await run(chosen, { isQuick });
const after = await holdings();
const more = Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));
await new Promise((resolve) => process.stdout.write(`${JSON.stringify({ figures, more })}\n`, resolve));
// The figures are out: a contender that does not end by itself is no reason to wait.
process.exit(0);
