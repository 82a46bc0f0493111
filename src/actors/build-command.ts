// Runs the command that builds a pool's worker: in a process group of its own, which is ended as a whole; its output
// goes on as it comes, and no more of it is kept than its last lines. Knows nothing of what it builds.

import { stripVTControlCharacters } from "node:util";
import type { Readable } from "node:stream";
import { execa } from "execa";
import { messageOf } from "../errors.js";
import { escapeControls } from "./worker-output.js";

/** The build was not done; the message is made to be shown as it is. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

export interface BuildOptions {
  /** For sentences. */
  readonly pool: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd: string;
  /** Takes what is printed, on either output; no more is read before it has resolved. */
  readonly onOutput: (chunk: Uint8Array) => Promise<void>;
  /** Aborting ends everything that the command has started. */
  readonly signal?: AbortSignal | undefined;
}

/** What is kept for the sentence about a build that failed. */
const tailBytes = 8192;
const tailLines = 20;
/** From SIGTERM to SIGKILL, where the command does not end by itself. */
const terminateMs = 2000;
/** How long outputs are read after the command has ended: what it left running may hold them open for ever. */
const lastWordsMs = 500;

/** Resolves when the command has ended with 0. @throws BuildError; the reason of `signal` when that was aborted. */
export async function runBuildCommand(options: BuildOptions): Promise<void> {
  const { command, cwd, signal } = options;
  const [program, ...args] = command;
  signal?.throwIfAborted();
  const child = execa(program, args, {
    cwd,
    detached: true,
    buffer: false,
    reject: false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let isOver = false;
  const exits: Exit[] = [];
  let timer: NodeJS.Timeout | undefined;
  const { pid } = child;
  const end = (): void => {
    if (isOver || pid === undefined) return;
    signalGroup(pid, "SIGTERM");
    timer = setTimeout(() => {
      signalGroup(pid, "SIGKILL");
    }, terminateMs);
  };
  child.once("exit", (code, killedBy) => {
    isOver = true;
    exits.push({ code, signal: killedBy });
    clearTimeout(timer);
    // Its children, should they not have heeded what it did.
    if (signal?.aborted === true && pid !== undefined) signalGroup(pid, "SIGKILL");
    timer = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, lastWordsMs);
  });
  signal?.addEventListener("abort", end, { once: true });
  const tail = new ByteTail();
  try {
    const outputs = [child.stdout, child.stderr].map((stream) => passOn(stream, tail, options.onOutput));
    const result = await child;
    await Promise.all(outputs);
    signal?.throwIfAborted();
    const [exit] = exits;
    const failure = exit === undefined ? cannotRun(options, result.cause) : describeExit(exit);
    if (failure !== null) throw new BuildError(sentence(options, failure, tail.text));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

async function passOn(
  stream: Readable,
  tail: ByteTail,
  onOutput: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      tail.add(chunk);
      await onOutput(chunk);
    }
  } catch {
    // It was destroyed above; how the command ended is told by its exit.
  }
}

/** The last bytes of what was printed. */
class ByteTail {
  #bytes: Uint8Array = new Uint8Array();

  add(chunk: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-tailBytes);
  }

  /** Lines without what would move a cursor or colour them. */
  get text(): string {
    const lines = stripVTControlCharacters(Buffer.from(this.#bytes).toString()).trimEnd().split("\n");
    return lines.slice(-tailLines).map(escapeControls).join("\n").trim();
  }
}

function describeExit({ code, signal }: Exit): string | null {
  if (code === 0) return null;
  return code === null ? `was killed by ${String(signal)}` : `ended with exit code ${String(code)}`;
}

function cannotRun({ command: [program], cwd }: BuildOptions, cause: unknown): string {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  const name = JSON.stringify(program);
  if (code === "ENOENT") return `cannot be run: ${name} was not found (looked from ${cwd})`;
  if (code === "EACCES") return `cannot be run: ${name} may not be executed; has it its x bit?`;
  return `cannot be run: ${messageOf(cause)}`;
}

function sentence({ pool, command }: BuildOptions, failure: string, lastLines: string): string {
  const head = `The build of pool ${pool}, ${JSON.stringify(command.join(" "))}, ${failure}.`;
  return lastLines === "" ? `${head} It printed nothing.` : `${head} It printed last:\n\n${lastLines}`;
}

/** A group that is gone already needs no signal. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // As said.
  }
}
