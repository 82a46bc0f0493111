// The product in under a minute: each act shows one thing it can do, with real processes and real signals.
// Run it with `npm run demo`.

import { fileURLToPath } from "node:url";
import { createSplice } from "splice-runtime";
import { theCallPath } from "./acts/1-the-call-path.mjs";
import { theWholeSurface } from "./acts/2-the-whole-surface.mjs";
import { surviveEverything } from "./acts/3-survive-everything.mjs";
import { streams } from "./acts/4-streams.mjs";
import { theCharts } from "./acts/5-the-charts.mjs";
import { anEditGoesLive } from "./acts/6-an-edit-goes-live.mjs";

const functions = fileURLToPath(new URL("./functions", import.meta.url));
const splice = await createSplice({ functions, health: { cancelGraceMs: 200 } });
try {
  await theCallPath(splice);
  await theWholeSurface(splice);
  await surviveEverything(splice);
  await streams(splice);
  await theCharts(splice);
  await anEditGoesLive();
} finally {
  await splice.close();
}
