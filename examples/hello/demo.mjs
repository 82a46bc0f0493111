// The product in under a minute: each act shows one thing it can do, with real processes and real signals.
// Run it with `npm run demo`.

import { fileURLToPath } from "node:url";
import { createSplice } from "splice-runtime";
import { theCallPath } from "./acts/1-the-call-path.mjs";

const functions = fileURLToPath(new URL("./functions", import.meta.url));
const splice = await createSplice({ functions });
try {
  await theCallPath(splice);
} finally {
  await splice.close();
}
