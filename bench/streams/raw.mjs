// The limit: the frames of a stream, made beforehand and written to a socket as fast as it takes them, one write a turn of
// the loop; no function, no credit, no codec. `relay` puts a process between the two, as a supervisor is.
//
//     node raw.mjs produce <frame bytes> <frames a write>           writes to descriptor 3
//     node raw.mjs relay <frame bytes> <frames a write>             has a producer of its own, passes it on to descriptor 3

import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";

const self = fileURLToPath(import.meta.url);

/** Starts the producer, behind a relay or not; resolves with the socket it can be read from. */
export function startRaw(frameBytes, framesPerWrite, hasRelay) {
  const child = spawn(
    process.execPath,
    [self, hasRelay ? "relay" : "produce", String(frameBytes), String(framesPerWrite)],
    { stdio: ["ignore", "inherit", "inherit", "pipe"] },
  );
  return { socket: child.stdio[3], child };
}

const [, script, role, ...numbers] = process.argv;
if (script === self) {
  const [frameBytes, framesPerWrite] = numbers.map(Number);
  const out = new Socket({ fd: 3 });
  out.on("error", () => process.exit(0));
  out.on("close", () => process.exit(0));
  if (role === "produce") produce(out, Buffer.alloc(frameBytes * framesPerWrite));
  else pass(startRaw(frameBytes, framesPerWrite, false).socket, out);
}

function produce(out, frames) {
  const turn = () => {
    if (out.write(frames)) setImmediate(turn);
    else out.once("drain", turn);
  };
  turn();
}

function pass(from, to) {
  from.on("data", (chunk) => {
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
}
