// A page made by a function, which loads itself anew when the function was edited: beside `splice dev`, whose socket it uses.

import { createServer } from "node:http";
import { Readable } from "node:stream";
import { connect, reloadEvents } from "splice-runtime";

const splice = await connect({ socket: process.env.SPLICE_SOCKET ?? ".splice/splice.sock", waitMs: 20_000 });
const reloads = reloadEvents(splice);

const page = (greeting) => `<!doctype html>
<title>Live</title>
<h1>${greeting}</h1>
<pre id="error"></pre>
<script>
  const events = new EventSource("/reloads");
  events.addEventListener("generation.promoted", () => location.reload());
  events.addEventListener("reload.failed", ({ data }) => {
    document.getElementById("error").textContent = JSON.parse(data).reason;
  });
</script>
`;

const server = createServer(async (request, response) => {
  if (request.url !== "/reloads") {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page(await splice.call("page.greeting")));
    return;
  }
  const { status, headers, body } = reloads(new Request("http://localhost/reloads"));
  response.writeHead(status, Object.fromEntries(headers));
  const events = Readable.fromWeb(body);
  response.once("close", () => events.destroy());
  events.on("error", () => undefined);
  events.pipe(response);
});

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once("SIGTERM", () => process.exit());
