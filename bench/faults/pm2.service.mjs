// What pm2 keeps alive: a server on a Unix socket that takes one JSON text a line and answers in any order.

import { createServer } from "node:net";
import { createInterface } from "node:readline";
import * as functions from "./functions/work.mjs";

createServer((socket) => {
  socket.on("error", () => undefined);
  createInterface({ input: socket }).on("line", (line) => {
    const { id, name, params } = JSON.parse(line);
    Promise.resolve(functions[name](params)).then((value) =>
      socket.write(`${JSON.stringify({ id, value })}\n`),
    );
  });
}).listen(process.env.SERVICE_SOCKET);
