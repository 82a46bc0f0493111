// The page of splice inspect on the loopback interface, and its frames as Server-Sent Events, for whoever has its
// address: other users of this machine reach the port as well, and every page in a browser. Knows no frame's content.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { messageOf } from "../../errors.js";
import { pageCss, pageHeaders, pageHtml, pageScript } from "./stately-page.js";

const loopback = "127.0.0.1";
const maxReaders = 16;
/** A page that is so far behind is told everything anew, which is less. */
const maxUnreadBytes = 8_388_608;

export interface PageServerOptions {
  readonly inspector: URL;
  /** 0: any that is free. */
  readonly port: number;
  /** What a page gets as it begins to listen. */
  readonly present: () => readonly object[];
}

export class PageServer {
  readonly #options: PageServerOptions;
  readonly #readers = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response);
  });
  readonly #token = randomBytes(16).toString("hex");
  #port = 0;

  private constructor(options: PageServerOptions) {
    this.#options = options;
  }

  /** @throws Error with a sentence when the port cannot be had. */
  static async open(options: PageServerOptions): Promise<PageServer> {
    const page = new PageServer(options);
    await page.#listen(options.port);
    return page;
  }

  /** The address of the page: who has it sees everything. */
  get url(): string {
    return `http://${loopback}:${String(this.#port)}/${this.#token}/`;
  }

  tell(frames: readonly object[]): void {
    if (frames.length === 0 || this.#readers.size === 0) return;
    const text = eventsOf(frames);
    for (const reader of [...this.#readers]) this.#send(reader, text);
  }

  /** Every page begins anew. */
  reset(): void {
    for (const reader of [...this.#readers]) this.#send(reader, "event: reset\ndata: \n\n");
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error) => {
        const where = port === 0 ? loopback : `${loopback}:${String(port)}`;
        reject(
          new Error(`No page can be served on ${where}: ${messageOf(error)}. --port names another port.`),
        );
      });
      this.#server.listen(port, loopback, () => {
        const address = this.#server.address();
        this.#port = typeof address === "object" && address !== null ? address.port : port;
        resolve();
      });
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#isOurs(request)) return refuse(response, 403);
    const [, token = "", name, ...rest] = (request.url ?? "").split("/");
    if (!isSame(token, this.#token) || name === undefined || rest.length > 0) return refuse(response, 404);
    if (request.method !== "GET") return refuse(response, 405);
    const { inspector } = this.#options;
    const headers = pageHeaders(inspector);
    const give = (type: string, text: string): void => {
      response.writeHead(200, { ...headers, "content-type": `${type}; charset=utf-8` }).end(text);
    };
    if (name === "") return give("text/html", pageHtml(inspector));
    if (name === "page.js") return give("text/javascript", pageScript);
    if (name === "page.css") return give("text/css", pageCss);
    if (name === "frames") return this.#stream(response, headers);
    refuse(response, 404);
  }

  /** By whatever name it was found: a page elsewhere may have had its own name lead here. */
  #isOurs({ headers: { host, origin } }: IncomingMessage): boolean {
    const hosts = [loopback, "localhost"].map((name) => `${name}:${String(this.#port)}`);
    if (host === undefined || !hosts.includes(host)) return false;
    return origin === undefined || origin === `http://${host}`;
  }

  #stream(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    if (this.#readers.size >= maxReaders) return refuse(response, 503);
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
    this.#readers.add(response);
    response.on("close", () => {
      this.#readers.delete(response);
    });
    response.write(`retry: 1000\n\n${eventsOf(this.#options.present())}`);
  }

  #send(reader: ServerResponse, text: string): void {
    if (reader.writableLength <= maxUnreadBytes) {
      reader.write(text);
      return;
    }
    this.#readers.delete(reader);
    reader.destroy();
  }
}

function eventsOf(frames: readonly object[]): string {
  return frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("");
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "text/plain" }).end();
}
