// Functions beside the routes of a Fastify application.

import Fastify from "fastify";
import { createSplice, toNodeHandler } from "splice-runtime";

const splice = await createSplice({ functions: "./functions" });
const call = toNodeHandler(splice, { basePath: "/api" });
// Connections of clients that are left over do not keep it from closing.
const app = Fastify({ forceCloseConnections: true });

// In a scope of their own: functions read their bodies and write their answers themselves.
app.register(async (scope) => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (request, body, done) => done(null));
  scope.all("/api/call/*", (request, reply) => {
    reply.hijack();
    call(request.raw, reply.raw);
  });
});
app.get("/", () => "a page");
app.addHook("preClose", async () => splice.close());

const address = await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" });
console.log(`${address}/api`);

process.once("SIGTERM", async () => {
  await app.close();
  process.exit();
});
