// The Splice handle of a supervisor in another process: the published methods over one link. Knows how a call waits
// for the link, but neither sockets nor frames.

import type { Observable } from "rxjs";
import { type CallerInput, withInput } from "../contract/caller-input.js";
import { remoteFunctions, type RemoteFunctions } from "../contract/remote-functions.js";
import type { ReloadReport } from "../contract/reload-report.js";
import { Retrier } from "../contract/retry.js";
import type { CallOptions, Splice, StreamOptions } from "../contract/splice.js";
import { createStreamHandle, type SpliceStream } from "../contract/stream-handle.js";
import type { LifecycleEvent, Status } from "../contract/status.js";
import { SpliceError } from "../errors.js";
import type { ExportMetadata } from "../protocol/messages.js";
import type { Clock, Random } from "../time.js";
import { checkCall } from "./checked-call.js";
import type { ClientConnection } from "./connection.js";
import { withInherited } from "./inherited.js";
import type { Link } from "./link.js";
import { openStream } from "./open-stream.js";
import { remoteEvents } from "./remote-events.js";
import { defaultTimeoutMs, waitForLink } from "./waiting-call.js";

/** Calls that may wait for the link at once; more would only be a burst on a supervisor that has just come up. */
const maxWaitingCalls = 10_000;
const defaultDrainMs = 30_000;

export class ConnectedSplice implements Splice {
  readonly events$: Observable<LifecycleEvent>;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #retrier: Retrier;
  #closing: Promise<void> | null = null;

  constructor(link: Link, clock: Clock, random: Random) {
    this.#link = link;
    this.#clock = clock;
    this.#retrier = new Retrier({ clock, random, defaultTimeoutMs });
    this.events$ = remoteEvents(link, clock, random);
  }

  call(name: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    const all = withInherited(options);
    if (all?.retry === undefined) return this.#callOnce(name, params, all);
    return this.#retrier.run(name, all, (current) => this.#callOnce(name, params, current));
  }

  stream(name: string, params?: unknown, options?: StreamOptions): SpliceStream {
    return createStreamHandle(name, () =>
      openStream(this.#open(name), this.#clock, name, params, withInherited(options)),
    );
  }

  functions<T extends object>(namespace = ""): RemoteFunctions<T> {
    return remoteFunctions(this, namespace) as RemoteFunctions<T>;
  }

  /** As far as the supervisor said when the link was last there. */
  isStreaming(name: string): boolean {
    return this.#link.latest?.isStreaming(name) === true;
  }

  #callOnce(name: string, params: unknown, options: CallOptions | undefined): Promise<unknown> {
    return withInput(name, options, (input) => this.#send(name, params, options, input));
  }

  #send(
    name: string,
    params: unknown,
    options: CallOptions | undefined,
    input: CallerInput | null,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = checkCall(name, params, options, input);
      const { connection } = this.#open(name);
      if (connection !== null) {
        connection.send(call, call.timeoutMs, resolve, reject);
        return;
      }
      const send = (up: ClientConnection, leftMs: number): void => {
        resolve(new Promise((done, failed) => up.send(call, leftMs, done, failed)));
      };
      waitForLink(this.#link, this.#clock, call, send, reject);
    });
  }

  exports(): Promise<readonly ExportMetadata[]> {
    return new Promise((resolve, reject) => {
      const what = { functionName: "exports()", timeoutMs: undefined, signal: undefined };
      const { connection } = this.#open(what.functionName);
      const ask = (up: ClientConnection): void => {
        up.exports().then(resolve, reject);
      };
      if (connection !== null) ask(connection);
      else waitForLink(this.#link, this.#clock, what, ask, reject);
    });
  }

  async reload(pool?: string): Promise<ReloadReport> {
    const params = pool === undefined ? undefined : { pool };
    return (await this.call("splice.reload", params, { timeoutMs: Infinity })) as ReloadReport;
  }

  async status(): Promise<Status> {
    const status = await this.call("splice.status");
    if (isStatus(status)) return status;
    throw new SpliceError({
      code: 3000,
      message: "The supervisor's status is none that this version can read.",
    });
  }

  close(options: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#link.close()?.leave(options.drainMs ?? defaultDrainMs) ?? Promise.resolve();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws SpliceError 3001 `closed` after close(), 3002 when too many calls wait for the link. */
  #open(functionName: string): Link {
    if (this.#link.isClosed) {
      const message = `${JSON.stringify(functionName)} was not called: this handle is closed.`;
      throw new SpliceError({ code: 3001, message, functionName, details: { reason: "closed" } });
    }
    const { waiting } = this.#link;
    if (waiting < maxWaitingCalls || this.#link.connection !== null) return this.#link;
    const message = `${String(waiting)} calls already wait for the link to the supervisor, so ${JSON.stringify(functionName)} was not called.`;
    const details = { limit: "maxWaitingCalls", inFlight: waiting, retryAfterMs: 1000 };
    throw new SpliceError({ code: 3002, message, functionName, details });
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "state" in value && "pools" in value;
}
