// F4, a live supervisor: connections that say anything, over its socket, while a good client goes on calling. It closes
// those that break the rules with one reason, serves the good one, stays small, and leaves when it is told to.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { connect } from "../../src/client/connect.js";
import type { Splice } from "../../src/contract/splice.js";
import { Decoder } from "../../src/protocol/decoder.js";
import type { Message } from "../../src/protocol/messages.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import { mutate } from "../protocol/mutate.js";
import type { SeededRandom } from "../protocol/random.js";
import { concat } from "../protocol/vectors.js";
import { framesOfCorpus } from "./corpus.js";
import { edited, hostSession, written } from "./sessions.js";
import type { FuzzTarget } from "./target.js";

/** A connection that was not closed and has been quiet for so long is left by the host. */
const quietMs = 30;
/** Longer than anything takes. */
const patienceMs = 20_000;
/** Of the supervisor, whatever came; a Node process with nothing to do has a fifth of it. */
const mostMib = 400;
const allowanceBytes = 256;

class Live {
  readonly #folder = mkdtempSync("/tmp/sl-");
  readonly #socket = join(this.#folder, "s");
  #child: ChildProcess | null = null;
  #good: Splice | null = null;
  #printed = "";

  async begin(): Promise<void> {
    mkdirSync(join(this.#folder, "functions"));
    writeFileSync(join(this.#folder, "functions", "index.js"), "export const f = () => 1;\n");
    const args = [resolve("dist/cli/main.js"), "serve", "--socket", this.#socket];
    const child = spawn(process.execPath, args, { cwd: this.#folder, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        this.#printed = `${this.#printed}${text.toString()}`.slice(-10_000);
      });
    this.#good = await connect({ socket: this.#socket, waitMs: patienceMs });
    await this.probe();
  }

  async probe(): Promise<void> {
    const value = await this.#good?.call("f", undefined, { timeoutMs: patienceMs });
    if (value !== 1) throw new Error(`The good client was answered ${JSON.stringify(value)}.`);
  }

  open(): Socket {
    return connectSocket({ path: this.#socket, allowHalfOpen: true });
  }

  /** Nothing is under way any more; it has not grown; it stops when it is told to. */
  async end(): Promise<void> {
    try {
      await this.probe();
      const status = await this.#good?.status();
      if (status?.calls.active !== 0)
        throw new Error(`${String(status?.calls.active)} calls are still active.`);
      const pid = this.#child?.pid ?? 0;
      if (existsSync(`/proc/${String(pid)}/status`)) {
        const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1];
        if (Number(kib) / 1024 > mostMib) throw new Error(`The supervisor holds ${String(kib)} KiB.`);
      }
      await this.#good?.close();
      await this.#stop();
    } finally {
      this.#child?.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    if (child.exitCode !== 0)
      throw new Error(`The supervisor ended with ${String(child.exitCode)}.\n${this.#printed}`);
  }
}

interface Heard {
  readonly messages: readonly Message[];
  readonly bytes: number;
  /** The supervisor closed first. */
  readonly wasClosed: boolean;
}

/** Writes the pieces and listens until the supervisor closes, or has nothing to say; `isToClose` waits for that alone. */
async function converse(socket: Socket, pieces: readonly Uint8Array[], isToClose: boolean): Promise<Heard> {
  const decoder = new Decoder();
  const messages: Message[] = [];
  let bytes = 0;
  await once(socket, "connect");
  return new Promise((done, fail) => {
    let wasClosed = false;
    const late = setTimeout(() => {
      fail(new Error(`It was not closed; it heard ${messages.map(({ type }) => type).join()}.`));
      socket.destroy();
    }, patienceMs);
    let quiet: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(quiet);
      if (!isToClose) quiet = setTimeout(() => socket.destroy(), quietMs);
    };
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      messages.push(...decoder.push(chunk));
      wait();
    });
    socket.on("end", () => {
      wasClosed = true;
      socket.end();
    });
    socket.on("close", () => {
      clearTimeout(late);
      clearTimeout(quiet);
      done({ messages, bytes, wasClosed });
    });
    for (const piece of pieces) socket.write(piece);
    wait();
  });
}

/** Messages in those bytes, and whether they end in something that is none. */
function readBack(bytes: Uint8Array): { readonly messages: readonly Message[]; readonly isBroken: boolean } {
  try {
    return { messages: new Decoder({ maxFrameBytes: 104_857_600 }).push(bytes), isBroken: false };
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return { messages: error.messages, isBroken: true };
  }
}

function check(heard: Heard, sent: Uint8Array): string {
  const { messages, isBroken } = readBack(sent);
  const fatal = heard.messages.filter((each) => each.type === "InvokeError" && each.requestId === 0);
  const last = heard.messages.at(-1);
  if (fatal.length > 1) throw new Error(`It was told ${String(fatal.length)} fatal errors.`);
  if (fatal.length === 1 && last !== fatal[0])
    throw new Error(`After its fatal error came ${String(last?.type)}.`);
  const isGoodbye = last?.type === "ShutdownAck";
  if (heard.wasClosed && fatal.length === 0 && !isGoodbye) throw new Error("It was closed without a word.");
  if (isBroken && fatal.length === 0 && !isGoodbye)
    throw new Error("It broke the frame, and was told nothing.");
  if (heard.bytes > 2 * sent.length + (messages.length + 2) * allowanceBytes)
    throw new Error(`${String(heard.bytes)} bytes came of ${String(sent.length)}.`);
  return fatal.length === 1 ? "told and closed" : isGoodbye ? "goodbye" : "left";
}

function somePieces(random: SeededRandom): Uint8Array[] {
  const session = hostSession(random);
  const frames = written(random.below(8) === 0 ? session : edited(session, random));
  if (random.below(3) > 0 && frames.length > 0) frames[random.below(frames.length)] = mutate(random, frames);
  const bytes = concat(frames);
  const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort(
    (a, b) => a - b,
  );
  return [...cuts, bytes.length].map((to, at) => bytes.subarray(cuts[at - 1] ?? 0, to));
}

let live: Live | null = null;
let done = 0;

export const supervisors: FuzzTarget = {
  name: "supervisors",
  counts: { ci: 3000, test: 200 },
  atOnce: 30,
  async begin() {
    live = new Live();
    await live.begin();
    for (const bytes of framesOfCorpus())
      check(await converse(live.open(), [bytes], readBack(bytes).isBroken), bytes);
    await live.probe();
  },
  async one(random, sent) {
    if (live === null) throw new Error("There is no supervisor.");
    const pieces = somePieces(random);
    const bytes = concat(pieces);
    sent(bytes);
    const met = check(await converse(live.open(), pieces, readBack(bytes).isBroken), bytes);
    if (++done % 50 === 0) await live.probe();
    return met;
  },
  async end() {
    await live?.end();
    live = null;
  },
};
