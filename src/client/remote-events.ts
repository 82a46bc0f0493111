// A reserved stream of whichever supervisor the link leads to, begun again whenever the link is; events$ is one. What
// happens while it is down is lost. One stream, however many subscribe.

import { Observable } from "rxjs/internal/Observable";
import type { Subscriber } from "rxjs/internal/Subscriber";
import { share } from "rxjs/internal/operators/share";
import type { IncomingStream } from "../contract/incoming-stream.js";
import type { LifecycleEvent } from "../contract/status.js";
import { isSpliceError } from "../errors.js";
import type { Clock, Random, TimerHandle } from "../time.js";
import { backoffMs } from "./backoff.js";
import type { ClientConnection } from "./connection.js";
import type { Link } from "./link.js";
import { openStreamOn } from "./open-stream.js";

export function remoteEvents(link: Link, clock: Clock, random: Random): Observable<LifecycleEvent> {
  return remoteStream(link, clock, random, "splice.events");
}

/**
 * Completes when the link is closed; errs when the supervisor does not give that stream to this connection. Of what it is
 * tried again after `interrupted` is told.
 */
export function remoteStream<Item>(
  link: Link,
  clock: Clock,
  random: Random,
  name: string,
  interrupted: (error: unknown) => void = () => undefined,
): Observable<Item> {
  return new Observable<Item>((subscriber) => {
    const watching = new Watching(link, clock, random, name, subscriber, interrupted);
    return () => {
      watching.stop();
    };
  }).pipe(share());
}

class Watching<Item> {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #name: string;
  readonly #subscriber: Subscriber<Item>;
  readonly #interrupted: (error: unknown) => void;
  #unwait: () => void = () => undefined;
  #items: IncomingStream | null = null;
  #timer: TimerHandle;
  #attempt = 0;
  #isStopped = false;

  constructor(
    link: Link,
    clock: Clock,
    random: Random,
    name: string,
    subscriber: Subscriber<Item>,
    interrupted: (error: unknown) => void,
  ) {
    this.#interrupted = interrupted;
    this.#link = link;
    this.#clock = clock;
    this.#random = random;
    this.#name = name;
    this.#subscriber = subscriber;
    if (link.isClosed) {
      subscriber.complete();
      return;
    }
    this.#wait();
    if (link.connection !== null) this.#listen(link.connection);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unwait();
    this.#leave();
  }

  /** For the next connection, while this one is up as well. */
  #wait(): void {
    this.#unwait = this.#link.wait({
      up: (connection) => {
        this.#attempt = 0;
        this.#wait();
        this.#listen(connection);
      },
      closed: () => {
        this.#subscriber.complete();
      },
    });
  }

  #listen(connection: ClientConnection): void {
    this.#leave();
    const items = openStreamOn(connection, this.#clock, this.#name, undefined, undefined);
    this.#items = items;
    void this.#read(items, connection);
  }

  async #read(items: IncomingStream, connection: ClientConnection): Promise<void> {
    try {
      for await (const item of items) {
        if (this.#items !== items) return;
        this.#attempt = 0;
        this.#subscriber.next(item as Item);
      }
    } catch (error) {
      // Refused as a request, it would be refused again.
      const isFinal = isSpliceError(error) && error.code < 2000;
      if (this.#items === items) {
        if (isFinal) this.#subscriber.error(error);
        else this.#interrupted(error);
      }
    }
    if (this.#isStopped || this.#items !== items) return;
    // The supervisor is leaving, so this link will be lost. Should it stay: again, but not in a tight loop.
    this.#items = null;
    this.#timer = this.#clock.setTimeout(
      () => {
        if (this.#link.connection === connection) this.#listen(connection);
      },
      backoffMs(++this.#attempt, this.#random),
    );
  }

  #leave(): void {
    this.#clock.clearTimeout(this.#timer);
    const items = this.#items;
    this.#items = null;
    if (items !== null) void items.return();
  }
}
