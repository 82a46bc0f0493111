// The machines by name, each as text in the form that is asked for. What the command line knows of charts.

import { catalogue } from "../machines/catalogue.js";
import { chartJson } from "../machines/chart-json.js";
import { readChart, statesOf } from "../machines/chart.js";
import type { ChartFormat } from "./formats.js";
import { toMermaid } from "./mermaid.js";

export interface MachineSummary {
  readonly name: string;
  readonly summary: string;
  /** All of them, by their paths within the machine, in the order of the chart. */
  readonly states: readonly string[];
}

export function listMachines(): readonly MachineSummary[] {
  return catalogue.map(({ name, machine, notes: { summary } }) => {
    const [, ...states] = statesOf(readChart(machine)).map(({ id }) => id.slice(name.length + 1));
    return { name, summary, states };
  });
}

/** Ends in a line break. Null: there is no machine of that name. */
export async function showMachine(name: string, format: ChartFormat): Promise<string | null> {
  const entry = catalogue.find((each) => each.name === name);
  if (entry === undefined) return null;
  switch (format) {
    case "json":
      return `${JSON.stringify(chartJson(entry.machine), null, 2)}\n`;
    case "mermaid":
      return toMermaid(entry);
    case "svg": {
      // What lays it out is large, and the other forms need none of it.
      const { drawChart } = await import("./draw-chart.js");
      return drawChart(entry);
    }
  }
}
