// A worker that misbehaves as a test wants it to: a pool's `command`.

import { inheritedLink, scriptedWorker } from "splice-runtime/testing";

scriptedWorker(inheritedLink(), {
  functions: {
    "stock.count": ({ params, result }) => result(params.items.length),
    "stock.sleep": () => undefined, // never answers
    "stock.fall": () => process.exit(7),
    "stock.babble": (_, worker) => worker.sendBytes(new Uint8Array([255, 255, 255, 255, 255])), // no frame
  },
  isHealthy: true,
});
