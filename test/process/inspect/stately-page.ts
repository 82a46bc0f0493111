// A page with Stately's own receiver, in place of the hosted one, on a port of its own: it keeps what it is told on its
// window, where a test reads it.

import { createServer } from "node:http";
import { build } from "esbuild";
import { root } from "../harness.js";

const script = `
import { createBrowserReceiver } from "@statelyai/inspect";
const told = (window.told = []);
createBrowserReceiver().subscribe((event) => told.push(event));
`;

/** Resolves with its address, and how to close it. */
export async function serveStatelyPage(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: root },
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    logLevel: "silent",
  });
  const text = `<!doctype html><meta charset="utf-8"><title>Receiver</title><script>${outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? ""}</script>`;
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The page has no port.");
  return {
    url: `http://127.0.0.1:${String(address.port)}/inspect`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
