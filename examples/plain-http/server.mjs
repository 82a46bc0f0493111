// Functions behind Node's own server.

import { createServer } from "node:http";
import { createSplice, toNodeHandler } from "splice-runtime";

const splice = await createSplice({ functions: "./functions" });
const server = createServer(toNodeHandler(splice));

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once("SIGTERM", async () => {
  server.close();
  await splice.close();
  process.exit();
});
