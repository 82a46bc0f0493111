// A supervised system for process tests, with everything that happens to it written down: what callers got, what the
// supervisor journalled, what the workers really ran. `end` closes it and judges the whole history.

import { jest } from "@jest/globals";
import { readdirSync, readFileSync, readlinkSync, watch } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFunctions } from "../../src/actors/bundle.js";
import { resolveConfig } from "../../src/config/resolve.js";
import type { ResolvedConfig, SpliceConfig } from "../../src/config/types.js";
import type { CallOptions } from "../../src/contract/splice.js";
import type { LifecycleEvent, WorkerStatus } from "../../src/contract/status.js";
import { Journal, type JournalEntry, type JournalKind } from "../../src/dispatch/journal.js";
import { isSpliceError, messageOf, type SpliceError } from "../../src/errors.js";
import { startSplice } from "../../src/host/start-splice.js";
import type { CallId, InstanceId } from "../../src/ids.js";
import type { Log, LogFields, LogLevel } from "../../src/log.js";
import { Decoder, encode, type Message, type Role } from "../../src/protocol/index.js";
import { encodeParams } from "../../src/protocol/values.js";
import type { EmbeddedSplice } from "../../src/system/embedded-splice.js";
import type { HostEvent, Judgement } from "../../src/testing/history/events.js";
import { expectHistory, parseExecutionLog } from "../../src/testing/history/expect-history.js";

// Generous: a test waits for causes, and machines stall.
jest.setTimeout(30_000);

export const root = join(import.meta.dirname, "../..");
export const fixtures = join(root, "test/fixtures");

/** Where a test's files go: short paths, so that sockets fit. */
export async function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "st-"));
}

/** Polls until `condition` gives something true and returns it; fails with what was waited for after `withinMs`. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  withinMs = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined)
      return value as Exclude<T, false | null | undefined>;
    if (performance.now() > giveUpAt) throw new Error(`Waited in vain until ${what}.`);
    await sleep(4);
  }
}

/** How one call ended; `code` 0 is a result. Times are of this process's monotonic clock. */
export interface Outcome {
  readonly code: number;
  readonly value: unknown;
  readonly error: SpliceError | undefined;
  readonly message: string;
  readonly endedAtMs: number;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A journal that forgets nothing. */
export class WholeJournal extends Journal {
  readonly all: JournalEntry[] = [];

  override record(
    kind: JournalKind,
    atMs: number,
    callId: number,
    instance: number,
    code = 0,
    deadlineMs = 0,
    functionName = "",
    callerId = 0,
    requestId: number | bigint = 0,
  ): void {
    super.record(kind, atMs, callId, instance, code, deadlineMs, functionName, callerId, requestId);
    this.all.push({
      kind,
      atMs,
      callId: callId as CallId,
      instance: instance as InstanceId,
      code,
      deadlineMs,
      functionName,
      callerId,
      requestId,
      reason: "",
    });
  }

  of(kind: JournalKind): readonly JournalEntry[] {
    return this.all.filter((entry) => entry.kind === kind);
  }
}

class CollectedLog implements Log {
  readonly lines: LogLine[] = [];
  debug = this.#at("debug");
  info = this.#at("info");
  warn = this.#at("warn");
  error = this.#at("error");

  #at(level: LogLevel): (message: string, fields?: LogFields) => void {
    return (message, fields = {}) => {
      this.lines.push({ level, message, fields });
    };
  }
}

export interface SystemOptions {
  /** Working directory of the configuration. Default: the repository's root. */
  readonly cwd?: string;
  /** False when the functions of the test do not know the execution log, so that calls carry no key. Default true. */
  readonly keyed?: boolean;
  /** A change of a file that a pool is made from reloads it. Default false. */
  readonly isWatching?: boolean;
  /** For journals of two systems, or of a system and a fake clock, in one test. */
  readonly settleSlackMs?: number;
}

/** Everything that is written down about one system, started or not. */
export class Records {
  readonly journal = new WholeJournal();
  readonly log = new CollectedLog();
  readonly host: HostEvent[] = [];
  readonly events: LifecycleEvent[] = [];

  constructor(
    readonly folder: string,
    readonly config: ResolvedConfig,
    readonly settleSlackMs: number | undefined,
  ) {}

  get executionLogPath(): string {
    return join(this.folder, "execution.log");
  }

  /** Pids of every process the supervisor spawned. */
  get pids(): readonly number[] {
    return this.journal.of("spawn").map((entry) => entry.code);
  }

  async judge(): Promise<Judgement> {
    const text = await readFile(this.executionLogPath, "utf8").catch(() => "");
    return expectHistory({
      host: this.host,
      supervisor: this.journal.all,
      worker: parseExecutionLog(text),
      limits: this.config.limits,
      ended: true,
      // Test machines stall; what the journal proves is order, not speed.
      settleSlackMs: this.settleSlackMs ?? 5000,
    });
  }
}

export class TestSystem {
  readonly #hosts: RawHost[] = [];
  readonly #isKeyed: boolean;
  readonly #openDescriptors: number;
  #lastKey = 0;
  #lastCallerId = 0;

  constructor(
    readonly splice: EmbeddedSplice,
    readonly records: Records,
    options: SystemOptions & { readonly openDescriptors: number },
  ) {
    this.#isKeyed = options.keyed ?? true;
    this.#openDescriptors = options.openDescriptors;
  }

  get journal(): WholeJournal {
    return this.records.journal;
  }

  get log(): readonly LogLine[] {
    return this.records.log.lines;
  }

  /** Lifecycle events since the start was complete. */
  get events(): readonly LifecycleEvent[] {
    return this.records.events;
  }

  get folder(): string {
    return this.records.folder;
  }

  nextKey(): string {
    return `k${String(++this.#lastKey)}`;
  }

  /** Calls through the embedded handle and never rejects. The params get a `key` unless the system is not keyed. */
  call(
    name: string,
    params: Readonly<Record<string, unknown>> = {},
    options?: CallOptions,
  ): Promise<Outcome> {
    const { journal, host } = this.records;
    const key = this.#isKeyed ? this.nextKey() : undefined;
    const seen = journal.all.length;
    const answer = this.splice.call(name, key === undefined ? params : { ...params, key }, options);
    // The last one: before it there may be the reject of a call that gave its place in the queue to this one.
    const admission = journal.all
      .slice(seen)
      .findLast(({ kind }) => kind === "enqueue" || kind === "accept" || kind === "reject");
    const requestId = admission?.requestId;
    const keyed = key === undefined ? {} : { key };
    if (requestId !== undefined) {
      host.push({
        kind: "invoke",
        callerId: 0,
        requestId,
        atMs: performance.now(),
        functionName: name,
        ...keyed,
      });
      options?.signal?.addEventListener("abort", () => {
        host.push({ kind: "cancel", callerId: 0, requestId, atMs: performance.now() });
      });
    }
    const ended = (outcome: Outcome): Outcome => {
      const said = keyOf(outcome.value);
      if (requestId !== undefined) {
        const { code, endedAtMs: atMs } = outcome;
        host.push({
          kind: "outcome",
          callerId: 0,
          requestId,
          atMs,
          code,
          ...(said === undefined ? {} : { key: said }),
        });
      }
      return outcome;
    };
    return answer.then(
      (value) => ended({ code: 0, value, error: undefined, message: "", endedAtMs: performance.now() }),
      (thrown: unknown) => {
        const error = isSpliceError(thrown) ? thrown : undefined;
        const code = error?.code ?? -1;
        return ended({
          code,
          value: undefined,
          error,
          message: messageOf(thrown),
          endedAtMs: performance.now(),
        });
      },
    );
  }

  /** A host on the system's socket, after its handshake; what it invokes and gets is part of the history. */
  async connectHost(options: RawHostOptions = {}): Promise<RawHost> {
    const { socket } = await this.splice.status();
    if (socket === null) throw new Error("The system has no host socket; set `socket` in the test's config.");
    const host = await RawHost.open(socket, {
      ...options,
      history: this.records.host,
      callerId: ++this.#lastCallerId,
    });
    this.#hosts.push(host);
    return host;
  }

  async workers(): Promise<readonly WorkerStatus[]> {
    return (await this.splice.status()).pools.flatMap((pool) => pool.workers);
  }

  /** Waits until every worker is ready. `notPids` leaves out processes that are known to be ending. */
  async ready(notPids: readonly (number | null)[] = []): Promise<readonly WorkerStatus[]> {
    return until("every worker is ready", async () => {
      const workers = await this.workers();
      const areReady = workers.every(({ state, pid }) => state === "ready" && !notPids.includes(pid));
      return areReady && workers.length > 0 ? workers : null;
    });
  }

  /** The pid of the only worker, ready. */
  async pid(): Promise<number> {
    const [worker] = await this.ready();
    if (worker?.pid == null) throw new Error("The system has no worker.");
    return worker.pid;
  }

  /** Waits until `count` processes were spawned and the last is ready. */
  async readyAfter(count: number): Promise<void> {
    await until(`worker process ${String(count)} is ready`, () => this.journal.of("ready").length >= count);
  }

  /** Waits until every slot and counter is back at 0; fails naming those that are not. */
  async atRest(): Promise<void> {
    let taken = "";
    await until("no slot is taken", async () => {
      const status = await this.splice.status();
      const { active } = status.calls;
      const functions = status.functions.filter(({ inFlight }) => inFlight !== 0);
      const workers = status.pools.flatMap((pool) => pool.workers.filter(({ inFlight }) => inFlight !== 0));
      taken = JSON.stringify({ active, functions, workers });
      return active === 0 && functions.length === 0 && workers.length === 0;
    }).catch((error: unknown) => {
      throw new Error(`${messageOf(error)} ${taken}`);
    });
  }

  /** Waits for rest, closes, and judges: the history, the processes left over, the descriptors left open. */
  async end(options?: { readonly drainMs?: number }): Promise<Judgement> {
    await this.atRest();
    for (const host of this.#hosts) host.destroy();
    await this.splice.close(options);
    return this.endClosed();
  }

  /** As `end`, when the test itself has closed the system. */
  async endClosed(): Promise<Judgement> {
    open.delete(this);
    for (const host of this.#hosts) host.destroy();
    const judgement = await this.records.judge();
    await nothingLeft(this.records.pids);
    await descriptorsBack(this.#openDescriptors);
    await rm(this.folder, { recursive: true, force: true });
    return judgement;
  }
}

/** Whatever is to be taken down when a test fails half-way. */
const open = new Set<TestSystem>();

/** For afterEach: closes what a failed test left behind, so that it harms no other. */
export async function closeLeftovers(): Promise<void> {
  for (const { splice } of open) {
    const closed = splice.close({ drainMs: 0 });
    if ((await splice.status()).state !== "stopped") splice.hurry();
    await closed;
  }
  open.clear();
}

/** Starts a system; its workers find the execution log's path in EXECUTION_LOG. Rejects as startSplice does. */
export async function startSystem(config: SpliceConfig, options: SystemOptions = {}): Promise<TestSystem> {
  await warmUp();
  const openDescriptors = descriptors().length;
  const records = await makeRecords(config, options);
  const { log, journal } = records;
  const splice = await startSplice(records.config, { log, journal, isWatching: options.isWatching });
  splice.events$.subscribe((event) => records.events.push(event));
  const system = new TestSystem(splice, records, { ...options, openDescriptors });
  open.add(system);
  return system;
}

/** Starts a system that must not come up: the error of the start, after which nothing may be left. */
export async function refuseStart(
  config: SpliceConfig,
  options: SystemOptions = {},
): Promise<{ readonly error: unknown; readonly message: string; readonly records: Records }> {
  await warmUp();
  const openDescriptors = descriptors().length;
  const records = await makeRecords(config, options);
  const { log, journal } = records;
  let error: unknown;
  try {
    const splice = await startSplice(records.config, { log, journal });
    await splice.close({ drainMs: 0 });
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) throw new Error("The start was meant to be refused, but the system came up.");
  await records.judge();
  await nothingLeft(records.pids);
  await descriptorsBack(openDescriptors);
  await rm(records.folder, { recursive: true, force: true });
  return { error, message: messageOf(error), records };
}

async function makeRecords(config: SpliceConfig, options: SystemOptions): Promise<Records> {
  const folder = await makeFolder();
  await writeFile(join(folder, "execution.log"), "");
  const resolved = resolveConfig(config, { cwd: options.cwd ?? root, defaultWorkers: 1 });
  const env = { EXECUTION_LOG: join(folder, "execution.log") };
  const pools = resolved.pools.map((pool) => ({ ...pool, env: { ...env, ...pool.env } }));
  return new Records(folder, { ...resolved, pools }, options.settleSlackMs);
}

let isWarm = false;

/** esbuild keeps a service process and its pipes from its first use on: they belong to the baseline. */
async function warmUp(): Promise<void> {
  if (isWarm) return;
  isWarm = true;
  const outDir = await makeFolder();
  await bundleFunctions({ folder: join(fixtures, "faults/warm"), outDir });
  // Node keeps the one descriptor by which it watches files, from the first on.
  watch(outDir).close();
  await rm(outDir, { recursive: true, force: true });
}

// — processes and descriptors —

interface ProcessLine {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
}

/** Every process of the machine that can be seen. */
export function processes(): readonly ProcessLine[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state = "", , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [{ pid: Number(name), state, group: Number(group) }];
    } catch {
      return [];
    }
  });
}

export function isAlive(pid: number): boolean {
  return processes().some((line) => line.pid === pid && line.state !== "Z");
}

export async function gone(pid: number): Promise<void> {
  await until(`process ${String(pid)} is gone`, () => !isAlive(pid));
}

/** Fails unless the processes, and the groups that they led, are gone, zombies included. */
export async function nothingLeft(pids: readonly number[]): Promise<void> {
  let left: readonly ProcessLine[] = [];
  await until("no process of a worker's group is left", () => {
    // A grandchild without a parent is reaped by init, which here may be nobody: dead is enough for those.
    left = processes().filter(
      ({ pid, group, state }) => pids.includes(pid) || (pids.includes(group) && state !== "Z"),
    );
    return left.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${messageOf(error)} Left: ${JSON.stringify(left)}`);
  });
}

/** What this process has open, by target. */
export function descriptors(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/^(socket|pipe):.*/, "$1")];
    } catch {
      return [];
    }
  });
}

async function descriptorsBack(before: number): Promise<void> {
  await until("every descriptor is closed", () => descriptors().length <= before).catch((error: unknown) => {
    throw new Error(
      `${messageOf(error)} ${String(before)} were open before, now: ${descriptors().join(", ")}`,
    );
  });
}

function keyOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("key" in value)) return undefined;
  return typeof value.key === "string" ? value.key : undefined;
}

// — a host that speaks frames —

export interface RawHostOptions {
  /** What it says it is. Default "Host". */
  readonly role?: Role;
  readonly capabilities?: number;
  readonly maxFrameSize?: number;
}

/** One connection to a host socket in frames. What it invokes and gets goes into the history it was given. */
export class RawHost {
  readonly received: Message[] = [];
  readonly #decoder = new Decoder();
  isClosed = false;

  private constructor(
    readonly socket: Socket,
    readonly callerId: number,
    readonly history: HostEvent[],
  ) {
    socket.on("data", (chunk: Uint8Array) => {
      for (const message of this.#decoder.push(chunk)) this.#receive(message);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
      history.push({ kind: "gone", callerId, atMs: performance.now() });
    });
  }

  static async open(
    path: string,
    options: RawHostOptions & { readonly callerId?: number; readonly history?: HostEvent[] } = {},
  ): Promise<RawHost> {
    const host = new RawHost(connect(path), options.callerId ?? 1, options.history ?? []);
    const { role = "Host", capabilities = 2, maxFrameSize = 104_857_600 } = options;
    host.send({ type: "Handshake", protocolVersion: 0x1_0000, role, capabilities, maxFrameSize });
    await host.next((message) => message.type === "HandshakeAck");
    return host;
  }

  send(message: Message): void {
    if (message.type === "Cancel") {
      const { requestId } = message;
      this.history.push({ kind: "cancel", callerId: this.callerId, requestId, atMs: performance.now() });
    }
    this.socket.write(encode(message));
  }

  invoke(
    requestId: number | bigint,
    functionName: string,
    params: Record<string, unknown> = {},
    deadlineMs = 0,
  ): void {
    const key = keyOf(params);
    const { callerId } = this;
    const at = { callerId, requestId, atMs: performance.now(), functionName };
    this.history.push({ kind: "invoke", ...at, ...(key === undefined ? {} : { key }) });
    const context = { traceId: 0, spanId: 0, headers: [], auth: null };
    this.send({ type: "Invoke", requestId, functionName, params: encodeParams(params), deadlineMs, context });
  }

  /** The first message received, now or later, for which `matches` is true. */
  next(matches: (message: Message) => boolean): Promise<Message> {
    return until("a host gets its message", () => {
      const message = this.received.find(matches);
      if (message === undefined && this.isClosed)
        throw new Error("The connection was closed before its message came.");
      return message;
    });
  }

  /** The answer to one request: its InvokeResult or InvokeError. */
  answer(requestId: number | bigint): Promise<Message> {
    return this.next(
      (message) =>
        (message.type === "InvokeResult" || message.type === "InvokeError") &&
        message.requestId === requestId,
    );
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(message: Message): void {
    this.received.push(message);
    if (message.type !== "InvokeResult" && message.type !== "InvokeError") return;
    if (message.requestId === 0) return;
    const code = message.type === "InvokeError" ? message.code : 0;
    const { callerId, history } = this;
    history.push({ kind: "outcome", callerId, requestId: message.requestId, atMs: performance.now(), code });
  }
}
