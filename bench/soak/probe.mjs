// Loaded into the supervisor that is measured (`node --import probe.mjs`): answers for it on its IPC channel.

import { answers } from "./vitals.mjs";

process.on("message", async ({ id, ask }) => process.send({ id, answer: await answers[ask]() }));
// It may not hold the supervisor back from its end.
process.channel.unref();
