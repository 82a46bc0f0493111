// What somebody would draw who knows nothing but the items of splice.inspect.

import type { InspectionEvent, Shown, ShownSnapshot } from "../../src/contract/inspection.js";

interface ShownActor {
  readonly name: string;
  readonly chart: string | null;
  readonly parentId: string | null;
  snapshot: ShownSnapshot | null;
}

/** What can be drawn from items alone; fails on one that speaks of what was not introduced. */
export class Picture {
  readonly charts = new Map<string, Shown>();
  readonly actors = new Map<string, ShownActor>();

  take(item: InspectionEvent): void {
    switch (item.type) {
      case "inspection.began":
        this.charts.clear();
        this.actors.clear();
        return;
      case "chart.defined":
        this.charts.set(item.chart, item.definition);
        return;
      case "actor.started": {
        const { name, chart, parentId, snapshot } = item;
        if (chart !== null && !this.charts.has(chart)) throw new Error(`No chart ${chart} for ${name}.`);
        if (parentId !== null && !this.actors.has(parentId)) throw new Error(`No parent for ${name}.`);
        this.actors.set(item.actorId, { name, chart, parentId, snapshot });
        return;
      }
      case "items.dropped":
        return;
      default: {
        const actor = this.actors.get(item.actorId);
        if (actor === undefined)
          throw new Error(`${item.type} of ${item.actorId}, of which nothing is known.`);
        if (item.type !== "snapshot.changed") return;
        actor.snapshot = item.snapshot;
        if (item.snapshot.status !== "active") this.actors.delete(item.actorId);
      }
    }
  }

  /** "app:1 worker ready", sorted; effects are left out. */
  get states(): readonly string[] {
    const leaf = (value: Shown | undefined): string =>
      typeof value === "object" && value !== null ? leaf(Object.values(value)[0]) : String(value);
    return [...this.actors.values()]
      .filter(({ chart }) => chart !== null)
      .map(({ name, chart, snapshot }) => `${name} ${String(chart)} ${leaf(snapshot?.value)}`)
      .sort();
  }
}
