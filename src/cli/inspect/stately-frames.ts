// From the items of splice.inspect to the frames that Stately's inspector reads, and what of them a page needs that comes
// late: every living actor with its definition and its last snapshot. Pure.

import {
  inspectionVersion,
  type InspectionEvent,
  type Shown,
  type ShownSnapshot,
} from "../../contract/inspection.js";

/** The format is that of this version of @statelyai/inspect; a test compares the two. */
const framesVersion = "0.7.2";

interface FrameBase {
  readonly sessionId: string;
  readonly rootId: string;
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

export type StatelyFrame = FrameBase &
  (
    | {
        readonly type: "@xstate.actor";
        readonly name: string;
        readonly parentId: string | undefined;
        /** The config of its chart as JSON text. */
        readonly definition: string;
        readonly snapshot: ShownSnapshot;
      }
    | { readonly type: "@xstate.event"; readonly event: Shown; readonly sourceId: string | undefined }
    | { readonly type: "@xstate.snapshot"; readonly event: Shown; readonly snapshot: ShownSnapshot }
  );

type ActorFrame = Extract<StatelyFrame, { type: "@xstate.actor" }>;

export class StatelyFrames {
  readonly #definitions = new Map<string, string>();
  readonly #actors = new Map<string, ActorFrame>();
  #rootId = "";

  /**
   * The frames that an item is, none for what their format has no word for; null when all is to be forgotten.
   * @throws Error with a sentence when the item is of a version that has another meaning.
   */
  take(item: InspectionEvent): readonly StatelyFrame[] | null {
    refuseNewer(item);
    switch (item.type) {
      case "inspection.began": {
        this.#definitions.clear();
        this.#actors.clear();
        return null;
      }
      case "chart.defined":
        this.#definitions.set(item.chart, JSON.stringify(item.config));
        return [];
      case "actor.started":
        return [this.#started(item)];
      case "event.received": {
        const { event, sourceId } = item;
        return [{ type: "@xstate.event", ...this.#base(item), event, sourceId: sourceId ?? undefined }];
      }
      case "snapshot.changed":
        this.#changed(item.actorId, item.snapshot);
        return [
          { type: "@xstate.snapshot", ...this.#base(item), event: item.event, snapshot: item.snapshot },
        ];
      case "step.refused": {
        const event = { type: item.type, message: item.message };
        return [{ type: "@xstate.event", ...this.#base(item), event, sourceId: undefined }];
      }
      // Those of a supervisor that is newer than this, too.
      default:
        return [];
    }
  }

  /** What a page has to be told that begins now: parents come first. */
  present(): readonly StatelyFrame[] {
    return [...this.#actors.values()];
  }

  #started(item: Extract<InspectionEvent, { type: "actor.started" }>): StatelyFrame {
    const { actorId, parentId, name, chart, snapshot } = item;
    if (parentId === null) this.#rootId = actorId;
    const frame: ActorFrame = {
      type: "@xstate.actor",
      ...this.#base(item),
      name,
      parentId: parentId ?? undefined,
      definition: (chart === null ? undefined : this.#definitions.get(chart)) ?? JSON.stringify({ id: name }),
      snapshot: snapshot ?? { status: "active" },
    };
    this.#actors.set(actorId, frame);
    return frame;
  }

  #changed(actorId: string, snapshot: ShownSnapshot): void {
    const actor = this.#actors.get(actorId);
    if (snapshot.status !== "active") this.#actors.delete(actorId);
    else if (actor !== undefined) this.#actors.set(actorId, { ...actor, snapshot });
  }

  #base({ actorId, atMs }: { readonly actorId: string; readonly atMs: number }): FrameBase {
    const createdAt = String(atMs);
    return { sessionId: actorId, rootId: this.#rootId, createdAt, id: null, _version: framesVersion };
  }
}

/** The supervisor may be newer than this command. */
function refuseNewer({ version }: { readonly version: number }): void {
  if (version <= inspectionVersion) return;
  throw new Error(
    `The supervisor tells of its charts in version ${String(version)} and this command reads version ${String(inspectionVersion)}: use the \`splice\` that is as new as the supervisor.`,
  );
}
