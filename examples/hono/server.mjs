// Functions beside the routes of a Hono application, which speaks the web's Request and Response as the handler does.

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createSplice, toFetchHandler } from "splice-runtime";

const splice = await createSplice({ functions: "./functions" });
const call = toFetchHandler(splice, { basePath: "/api" });
const app = new Hono();

app.all("/api/call/*", (context) => call(context.req.raw));
app.get("/", (context) => context.text("a page"));

const options = { fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: "127.0.0.1" };
const server = serve(options, ({ port }) => console.log(`http://127.0.0.1:${port}/api`));

process.once("SIGTERM", async () => {
  server.close();
  await splice.close();
  process.exit();
});
