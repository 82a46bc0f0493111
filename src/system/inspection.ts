// What happens in the charts, for whoever watches: attached to the root actor while somebody does, and only then. Each
// reader begins with the present, every chart and every living actor, and gets it again when it has missed something.

import type { AnyActorRef, AnyStateMachine, InspectionEvent as XstateEvent } from "xstate";
import { inspectionVersion, type InspectionFact } from "../contract/inspection.js";
import type { CallFailure } from "../dispatch/call.js";
import type { Journal } from "../dispatch/journal.js";
import { messageOf } from "../errors.js";
import type { Log } from "../log.js";
import { callMachine } from "../machines/call/machine.js";
import { chartDefinition, chartJson } from "../machines/chart-json.js";
import { encodeValue } from "../protocol/values.js";
import type { Clock } from "../time.js";
import { chartOf, InspectedActors, livingActors } from "./inspected-actors.js";
import { InspectedCalls } from "./inspected-calls.js";
import { StreamSource } from "./reserved-stream.js";
import { WatchedFeed } from "./watched-feed.js";

/** Each may have the present held ready for it, of every actor there is. */
const maxReaders = 16;

/**
 * At the end of a supervisor each chart tells of several steps in one turn, and a reader gets no more of them than it has
 * given credit for by then.
 */
const windowChunks = 256;

export interface InspectionPorts {
  readonly root: AnyActorRef;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  /** As hexadecimal digits. */
  readonly supervisorId: string;
}

type ChartFact = Extract<InspectionFact, { type: "chart.defined" }>;

export class Inspection {
  readonly #ports: InspectionPorts;
  readonly #actors: InspectedActors;
  readonly #calls: InspectedCalls;
  /** Those that somebody who watches now has been told of. */
  readonly #charts = new Map<string, ChartFact>();
  #feed: WatchedFeed | null = null;
  #detach: () => void = () => undefined;
  #sequence = 0;
  #hasBroken = false;

  constructor(ports: InspectionPorts) {
    this.#ports = ports;
    const { journal, log, root } = ports;
    const prefix = ports.supervisorId.slice(0, 8);
    const idOf = ({ sessionId }: AnyActorRef): string => `${prefix}/${sessionId}`;
    const nameOf = ({ id, sessionId }: AnyActorRef, chart: AnyStateMachine | null): string =>
      id === sessionId && chart !== null ? chart.id : id;
    this.#actors = new InspectedActors({ idOf, parentIdOf: () => null, nameOf });
    const tell = (fact: InspectionFact): void => {
      this.#tell(fact);
    };
    this.#calls = new InspectedCalls({ journal, log, prefix, parentId: idOf(root), tell });
  }

  /** For one reader. Nothing is attached before it reads. */
  source(): StreamSource {
    const feed = (this.#feed ??= new WatchedFeed((isWatched) => {
      if (isWatched) this.#attach();
      else this.#stop();
    }));
    return new InspectionSource(feed, {
      opening: () => this.#opening(),
      lost: (count) => this.#encode({ type: "items.dropped", count }),
    });
  }

  /** Called as the root's last step is taken, of which readers still hear. */
  close(hasFailed: boolean): void {
    queueMicrotask(() => this.#feed?.close(hasFailed));
  }

  #attach(): void {
    const { root } = this.#ports;
    const subscription = root.system.inspect((event) => {
      try {
        this.#observe(event);
      } catch (error) {
        this.#broke(error);
      }
    });
    this.#calls.start();
    this.#detach = () => {
      subscription.unsubscribe();
      this.#calls.stop();
    };
    this.#keep(callMachine);
    for (const actor of livingActors(root)) this.#keep(chartOf(actor));
  }

  #stop(): void {
    this.#detach();
    this.#charts.clear();
    this.#feed = null;
  }

  /** What is thrown here would end the actor that is being made. */
  #observe(event: XstateEvent): void {
    if (event.type === "@xstate.actor") {
      const chart = this.#keep(chartOf(event.actorRef as AnyActorRef));
      if (chart !== null) this.#tell(chart);
    }
    const fact = this.#actors.factOf(event);
    if (fact !== null) this.#tell(fact);
  }

  #broke(error: unknown): void {
    if (this.#hasBroken) return;
    this.#hasBroken = true;
    this.#ports.log.error(`Something in the charts could not be shown: ${messageOf(error)}`);
  }

  /** Returns how that chart is told of, or null when it need not be. */
  #keep(chart: AnyStateMachine | null): ChartFact | null {
    if (chart === null || this.#charts.has(chart.id)) return null;
    const config = chartJson(chart);
    const fact: ChartFact = {
      type: "chart.defined",
      chart: chart.id,
      config,
      definition: chartDefinition(chart),
    };
    this.#charts.set(chart.id, fact);
    return fact;
  }

  #opening(): readonly Uint8Array[] {
    const { root, supervisorId } = this.#ports;
    const facts: InspectionFact[] = [
      { type: "inspection.began", supervisorId, pid: process.pid },
      ...this.#charts.values(),
      ...[...livingActors(root)].map((actor) => this.#actors.introduce(actor)),
      ...this.#calls.introductions(),
    ];
    return facts.map((fact) => this.#encode(fact));
  }

  #tell(fact: InspectionFact): void {
    this.#sequence += 1;
    this.#feed?.push(this.#encode(fact));
  }

  #encode(fact: InspectionFact): Uint8Array {
    const { clock } = this.#ports;
    return encodeValue({
      version: inspectionVersion,
      sequence: this.#sequence,
      atMs: clock.wallMs(),
      ...fact,
    });
  }
}

class InspectionSource extends StreamSource {
  readonly #feed: WatchedFeed;
  readonly #opening: () => readonly Uint8Array[];

  constructor(
    feed: WatchedFeed,
    parts: { readonly opening: () => readonly Uint8Array[]; readonly lost: (count: number) => Uint8Array },
  ) {
    super("splice.inspect", feed, feed.end, Infinity, parts.lost, windowChunks);
    this.#feed = feed;
    this.#opening = parts.opening;
  }

  override refusal(): CallFailure | null {
    const { readers } = this.#feed;
    if (readers < maxReaders) return null;
    const message = `${String(readers)} readers watch the charts of this supervisor, and no more may; end one first.`;
    const details = encodeValue({ limit: "inspectionReaders", inFlight: readers, retryAfterMs: 1000 });
    return { code: 3002, kind: "System", message, details };
  }

  override opening(): readonly Uint8Array[] {
    return this.#opening();
  }
}
