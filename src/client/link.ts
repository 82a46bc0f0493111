// The link to a supervisor over its losses: connects, and after a loss connects again with backoff until it is closed.
// Tells those who wait when it is up. Knows no call.

import { isSpliceError, messageOf, SpliceError } from "../errors.js";
import type { Clock, Random, TimerHandle } from "../time.js";
import { backoffMs, maxBackoffMs } from "./backoff.js";
import type { ClientConnection } from "./connection.js";

export interface LinkPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** One attempt; resolves when the handshake is done, gives up on the signal. */
  readonly open: (signal: AbortSignal) => Promise<ClientConnection>;
}

export interface LinkWaiter {
  up(connection: ClientConnection): void;
  closed(): void;
}

type LinkState =
  | { readonly type: "down"; readonly attempt: number }
  | {
      readonly type: "up";
      readonly connection: ClientConnection;
      readonly sinceMs: number;
      readonly attempt: number;
    }
  | { readonly type: "closed" };

export class Link {
  readonly #ports: LinkPorts;
  readonly #waiters = new Set<LinkWaiter>();
  readonly #giveUp = new AbortController();
  #state: LinkState = { type: "down", attempt: 0 };
  #timer: TimerHandle;
  /** The connection that is up or, while none is, the last that was. */
  latest: ClientConnection | null = null;
  /** Why the last attempt failed, for those who waited in vain. */
  lastFailure: Error | undefined;

  constructor(ports: LinkPorts) {
    this.#ports = ports;
  }

  /** Null while the link is down. */
  get connection(): ClientConnection | null {
    return this.#state.type === "up" ? this.#state.connection : null;
  }

  get isClosed(): boolean {
    return this.#state.type === "closed";
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Connects: one attempt, or as many as `waitMs` has room for. Rejects with the failure of the last one. */
  async start(waitMs: number): Promise<void> {
    if (waitMs <= 0) {
      this.#up(await this.#ports.open(this.#giveUp.signal), 0);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const { clock } = this.#ports;
      const timer = clock.setTimeout(() => {
        // An attempt that is still under way is cut off; its failure then says what it waited for.
        this.close();
        const message = `No supervisor answered the handshake within ${String(Math.round(waitMs))} ms.`;
        const details = { reason: "unresponsive" };
        reject(this.lastFailure ?? new SpliceError({ code: 3001, message, details }));
      }, waitMs);
      this.#waiters.add({
        up: () => {
          clock.clearTimeout(timer);
          resolve();
        },
        closed: () => undefined,
      });
      this.#attempt(0);
    });
  }

  /** Calls `waiter` once, when the link is up or closed for good. Returns how to wait no longer. */
  wait(waiter: LinkWaiter): () => void {
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  /** Connects no more. The connection that is up, if one is, is the caller's to end. */
  close(): ClientConnection | null {
    const { connection } = this;
    this.#state = { type: "closed" };
    this.#ports.clock.clearTimeout(this.#timer);
    this.#giveUp.abort();
    for (const waiter of this.#takeWaiters()) waiter.closed();
    return connection;
  }

  #attempt(attempt: number): void {
    this.#state = { type: "down", attempt };
    this.#ports.open(this.#giveUp.signal).then(
      (connection) => {
        if (this.isClosed) connection.close();
        else this.#up(connection, attempt);
      },
      (error: unknown) => {
        if (this.isClosed) return;
        this.lastFailure = isSpliceError(error) ? error : new Error(messageOf(error));
        this.#later(attempt + 1);
      },
    );
  }

  #later(attempt: number): void {
    const { clock, random } = this.#ports;
    this.#state = { type: "down", attempt };
    this.#timer = clock.setTimeout(
      () => {
        this.#attempt(attempt);
      },
      backoffMs(attempt, random),
    );
  }

  #up(connection: ClientConnection, attempt: number): void {
    const { clock } = this.#ports;
    this.#state = { type: "up", connection, sinceMs: clock.now(), attempt };
    this.latest = connection;
    connection.onLost = (loss) => {
      this.#lost(connection, loss);
    };
    // Lost between its handshake and now: nobody was told of it.
    if (!connection.isOpen) return this.#later(attempt + 1);
    for (const waiter of this.#takeWaiters()) waiter.up(connection);
  }

  #lost(connection: ClientConnection, loss: Error): void {
    const state = this.#state;
    if (state.type !== "up" || state.connection !== connection) return;
    this.lastFailure = loss;
    // A supervisor that takes connections and drops them again is met with growing patience as well.
    const wasStable = this.#ports.clock.now() - state.sinceMs >= maxBackoffMs;
    this.#later(wasStable ? 0 : state.attempt + 1);
  }

  #takeWaiters(): readonly LinkWaiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    return waiters;
  }
}
