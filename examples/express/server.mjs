// Functions beside the routes of an Express application.

import express from "express";
import { createSplice, toNodeHandler } from "splice-runtime";

const splice = await createSplice({ functions: "./functions" });
const app = express();

// Before express.json(): functions read their bodies themselves.
app.use("/api", toNodeHandler(splice));
app.use(express.json());
app.get("/", (request, response) => response.send("a page"));

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/api`);
});

process.once("SIGTERM", async () => {
  server.close();
  await splice.close();
  process.exit();
});
