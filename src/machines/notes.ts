// What a chart cannot say of itself: who sends what it hears, what its guards ask and its delays wait for, in words. The
// form of it; each machine's own stands beside its chart. Types, and the words for those outside the charts.

export type MachineName =
  "supervisor" | "pool" | "worker" | "router" | "breakers" | "breaker" | "reload" | "call";

/** Who speaks to a machine without being one. */
export const outsiders = {
  system: "`system/`, for whoever uses the supervisor",
  dispatch: "`dispatch/`, through `system/`",
  process: "its actor `process`",
  link: "its actor `link`",
  heartbeat: "its actor `heartbeat`",
  examine: "its actor `examine`",
  watcher: "its actor `watcher`",
  build: "its actor `build`",
  itself: "itself",
  nobody: "nobody yet; it is there for whoever operates the supervisor",
} as const;

export type Sender = MachineName | keyof typeof outsiders;

/** A command is imperative and may be refused; a fact is a past participle and may not. */
export type EventSort = "command" | "fact";

export interface EventNote {
  readonly sort: EventSort;
  readonly from: readonly [Sender, ...Sender[]];
  /** What it says or asks for, as a sentence. */
  readonly means: string;
}

export interface EmittedNote {
  readonly sort: "fact";
  /** Who acts on it, as a clause. */
  readonly for: string;
}

export interface DelayNote {
  /** Completes "after …" in a picture. */
  readonly label: string;
  readonly byDefault: string;
  /** From what until what, as a sentence. */
  readonly means: string;
}

export interface MachineNotes<Heard extends string = string, Emitted extends string = string> {
  /** What it decides, as a sentence. */
  readonly summary: string;
  /** Who makes it, and how many of it there are, as a sentence. */
  readonly place: string;
  readonly events: Readonly<Record<Heard, EventNote>>;
  /** What it says to whoever watches from outside, without naming a receiver. */
  readonly emits: Readonly<Record<Emitted, EmittedNote>>;
  /** Each completes "if …". */
  readonly guards: Readonly<Record<string, string>>;
  readonly delays: Readonly<Record<string, DelayNote>>;
  /** What it invokes or spawns, by the name in its setup: what that does, as a sentence. */
  readonly actors: Readonly<Record<string, string>>;
}

/** A time as people say it: "200 ms", "10 s", "5 min". */
export function inWords(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${String(ms / 60_000)} min`;
  return ms >= 1000 && ms % 1000 === 0 ? `${String(ms / 1000)} s` : `${String(ms)} ms`;
}
