// What `splice.inspect` yields: what happens in a supervisor's statecharts, as plain data. A reader needs nothing of
// XState; what it has been told is always enough to draw every chart as it is now. Pure.

/** Raised when an item changes its meaning or loses something; what is added does not raise it. */
export const inspectionVersion = 1;

/** Anything that JSON carries. What was too large or no data is left out or cut, see system/inspected-values.ts. */
export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [key: string]: Shown };

export interface ShownSnapshot {
  readonly status: "active" | "done" | "error" | "stopped";
  /** Of a chart: the state it is in, as XState writes it: a name, or states by the names of their parents. */
  readonly value?: Shown;
  /** Of a chart: what it knows. */
  readonly context?: Shown;
  /** With which it ended. */
  readonly output?: Shown;
  /** By which it ended: a sentence. */
  readonly error?: string;
}

/** One edge of a chart. Of several for one event `index` says which, in the order of its config. */
export interface ShownTransition {
  /** The id of the state that it leaves, such as "worker.alive.ready". */
  readonly source: string;
  /** As the chart names it, which may be a pattern; empty for one that waits for no event. */
  readonly event: string;
  readonly index: number;
  /** Ids of states; none when it stays where it is. */
  readonly targets: readonly string[];
}

interface Item {
  readonly version: typeof inspectionVersion;
  /**
   * Counts what happened since somebody began to watch, for all who watch. What describes the present, as a reader begins or
   * has missed something, has the number of what happened last.
   */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Actors have ids that no other supervisor gives: each begins with a part of its supervisor's. */
export type InspectionEvent = Item &
  (
    | {
        /** The first for a reader, and again after a loss: the items up to here are to be forgotten. */
        readonly type: "inspection.began";
        /** As `serverId` of the status. */
        readonly supervisorId: string;
        readonly pid: number;
      }
    | {
        /** Before the first actor of that chart. */
        readonly type: "chart.defined";
        readonly chart: string;
        /** As createMachine takes it. */
        readonly config: Shown;
        /** As it is resolved: states with ids, transitions with sources and targets. */
        readonly definition: Shown;
      }
    | {
        readonly type: "actor.started";
        readonly actorId: string;
        readonly parentId: string | null;
        readonly name: string;
        /** Null for an effect, which has no states. */
        readonly chart: string | null;
        /** Null for one that is just being made. */
        readonly snapshot: ShownSnapshot | null;
      }
    | {
        readonly type: "event.received";
        readonly actorId: string;
        /** Null where no actor sent it. */
        readonly sourceId: string | null;
        readonly event: Shown;
      }
    | {
        /** A step of a chart; one event may have several. */
        readonly type: "transition.taken";
        readonly actorId: string;
        readonly event: string;
        readonly transitions: readonly ShownTransition[];
        /** The state after it. */
        readonly value: Shown;
      }
    | {
        /** After an event, also when nothing is different. An actor whose status is not "active" is gone. */
        readonly type: "snapshot.changed";
        readonly actorId: string;
        readonly event: Shown;
        readonly snapshot: ShownSnapshot;
      }
    | {
        /** Dispatch did with a call what the call chart does not allow: a fault of the runtime. */
        readonly type: "step.refused";
        readonly actorId: string;
        readonly message: string;
      }
    | {
        /** This reader was too slow for so many; `inspection.began` follows, and the present. */
        readonly type: "items.dropped";
        readonly count: number;
      }
  );

/** An item without what every item has. */
export type InspectionFact = InspectionEvent extends infer Event
  ? Event extends InspectionEvent
    ? Omit<Event, keyof Item>
    : never
  : never;
