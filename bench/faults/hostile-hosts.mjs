// 170 hostile hosts in one process: 100 that say nothing, 50 that send a frame byte by byte, 20 that never read their
// answers; and a flood of Cancels of calls that never were. Whoever is sent away comes back.
//
//     node hostile-hosts.mjs <socket>        prints a line when all are there

import { connect } from "node:net";
import { encode } from "splice-runtime/protocol";

const path = process.argv[2];
const hello = encode({
  type: "Handshake",
  protocolVersion: 0x1_0000,
  role: "Host",
  capabilities: 2,
  maxFrameSize: 104_857_600,
});
const context = { traceId: 0, spanId: 0, headers: [], auth: null };
const params = Uint8Array.of(0x81, 0xa1, 0x61, 0xc5, 0x40, 0x00, ...new Uint8Array(0x4000));
const invokes = Buffer.concat(
  Array.from({ length: 40 }, (_, id) =>
    encode({ type: "Invoke", requestId: id + 1, functionName: "work.echo", params, deadlineMs: 0, context }),
  ),
);
const cancels = Buffer.concat(
  Array.from({ length: 2000 }, () => encode({ type: "Cancel", requestId: 9_999_999 })),
);

/** Connects, behaves, and does so again half a second after it was sent away. */
function host(behave) {
  const socket = connect(path);
  let timer;
  socket.on("error", () => undefined);
  socket.on("connect", () => {
    timer = behave(socket);
  });
  socket.on("close", () => {
    clearInterval(timer);
    setTimeout(host, 500, behave);
  });
}

const silent = () => undefined;
const trickling = (socket) => {
  socket.write(hello);
  socket.write(Uint8Array.of(0, 16, 0, 0, 0x20));
  return setInterval(() => socket.write(Uint8Array.of(0xc0)), 100);
};
const unreading = (socket) => {
  socket.pause();
  socket.write(hello);
  socket.write(invokes);
};
const flooding = (socket) => {
  socket.write(hello);
  socket.resume();
  return setInterval(() => socket.write(cancels), 250);
};

for (let i = 0; i < 100; i += 1) host(silent);
for (let i = 0; i < 50; i += 1) host(trickling);
for (let i = 0; i < 20; i += 1) host(unreading);
host(flooding);
setTimeout(() => process.stdout.write("there\n"), 1000);
