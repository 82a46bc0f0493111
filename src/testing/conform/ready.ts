// How a link gets ready, as steps: what every scenario begins with that does not begin at a fresh link.

import type { Side, Step } from "./scenario.js";

export const readySteps: Readonly<Record<Side, readonly Step[]>> = {
  worker: [
    { expect: "Handshake", fields: { capabilities: { $save: "offered" } } },
    { send: "HandshakeAck" },
    { send: "ListExports" },
    { expect: "ListExportsResult", fields: { exports: { $save: "exports" } } },
  ],
  supervisor: [
    { send: "Handshake" },
    { expect: "HandshakeAck", fields: { capabilities: { $save: "offered" } } },
  ],
};

/** How what a side offers and exports is learnt, once. */
export const probeSteps: Readonly<Record<Side, readonly Step[]>> = {
  worker: [],
  supervisor: [
    { send: "ListExports" },
    { expect: "ListExportsResult", fields: { exports: { $save: "exports" } } },
  ],
};
