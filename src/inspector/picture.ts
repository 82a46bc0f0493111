// What of a chart is drawn, with the room that its texts need: boxes within boxes, and edges with their labels. It
// says not where they stand; that is layout.ts.

import { statesOf, type ChartState, type ChartTransition } from "../machines/chart.js";
import type { MachineNotes } from "../machines/notes.js";
import { widthOf, wrap, type Font } from "./text.js";
import { activityLines, isIgnored, staysPut, wordsOf } from "./words.js";

export const titleFont: Font = { sizePx: 14, isBold: true };
export const textFont: Font = { sizePx: 12, isBold: false };
export const eventFont: Font = { sizePx: 12, isBold: true };
export const linePx = 16;
export const titlePx = 22;
/** Between a box and the text in it. */
export const insetPx = 12;
const widestBoxPx = 190;
const widestLabelPx = 130;

/** A piece of a line, with the transitions that it tells. */
export interface Span {
  readonly text: string;
  readonly transitions: readonly ChartTransition[];
}

export interface Box {
  readonly state: ChartState;
  /** Below the title. */
  readonly lines: readonly (readonly Span[])[];
  /** What its own text needs, without what is within it. */
  readonly widthPx: number;
  readonly headPx: number;
  readonly boxes: readonly Box[];
}

/** What one transition says on its edge: its trigger, then its condition. */
export interface Label {
  readonly transition: ChartTransition;
  readonly trigger: readonly string[];
  readonly condition: readonly string[];
}

/** All transitions from one state to one other: drawn as one line, told one below the other. */
export interface Edge {
  readonly id: string;
  readonly source: string;
  /** It leads to a state within its source: it is drawn from a mark that stands there for all of that. */
  readonly isInward: boolean;
  readonly target: string;
  readonly labels: readonly Label[];
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Picture {
  readonly root: Box;
  readonly edges: readonly Edge[];
}

export function pictureOf(chart: ChartState, notes: MachineNotes): Picture {
  return { root: boxOf(chart, notes), edges: edgesOf(chart, notes) };
}

function boxOf(state: ChartState, notes: MachineNotes): Box {
  const { transitions } = state;
  const handled = transitions.filter((each) => staysPut(each) && !isIgnored(each));
  const regions = state.kind === "parallel" ? state.states.map(({ key }) => key).join(", ") : null;
  const lines = [
    ...(regions === null ? [] : plainLines(`at the same time: ${regions}`)),
    ...activityLines(state).flatMap(({ what, names }) => plainLines(`${what}: ${names.join(", ")}`)),
    ...listLines("handles", handled, notes),
    ...listLines("ignores", transitions.filter(isIgnored), notes),
  ];
  const widths = lines.map((spans) => widthOf(spans.map(({ text }) => text).join(""), textFont));
  return {
    state,
    lines,
    widthPx: Math.ceil(Math.max(widthOf(state.key, titleFont), ...widths)) + 2 * insetPx,
    headPx: titlePx + lines.length * linePx + insetPx,
    boxes: state.states.map((inner) => boxOf(inner, notes)),
  };
}

function plainLines(text: string): Span[][] {
  return wrap(text, textFont, widestBoxPx).map((line) => [{ text: line, transitions: [] }]);
}

/** "what: a, b, c" with a span for each trigger, so that it can be lit by itself. */
function listLines(what: string, transitions: readonly ChartTransition[], notes: MachineNotes): Span[][] {
  const byTrigger = new Map<string, ChartTransition[]>();
  for (const transition of transitions) {
    const { trigger } = wordsOf(transition, notes);
    byTrigger.set(trigger, [...(byTrigger.get(trigger) ?? []), transition]);
  }
  if (byTrigger.size === 0) return [];
  const lines: Span[][] = [];
  let line: Span[] = [{ text: `${what}: `, transitions: [] }];
  let width = widthOf(`${what}: `, textFont);
  let left = byTrigger.size;
  for (const [trigger, told] of byTrigger) {
    left -= 1;
    const text = left === 0 ? trigger : `${trigger}, `;
    const added = widthOf(text, textFont);
    if (width + added > widestBoxPx) {
      lines.push(line);
      line = [];
      width = 0;
    }
    line.push({ text, transitions: told });
    width += added;
  }
  return [...lines, line];
}

function edgesOf(chart: ChartState, notes: MachineNotes): Edge[] {
  const between = new Map<string, ChartTransition[]>();
  for (const { transitions } of statesOf(chart)) {
    for (const transition of transitions) {
      if (staysPut(transition)) continue;
      const id = `${transition.source}>${String(transition.target)}`;
      between.set(id, [...(between.get(id) ?? []), transition]);
    }
  }
  return [...between].map(([id, transitions]) => {
    const labels = transitions.map((transition) => labelOf(transition, notes));
    const widths = labels.flatMap(({ trigger, condition }) => [
      ...trigger.map((line) => widthOf(line, eventFont)),
      ...condition.map((line) => widthOf(line, textFont)),
    ]);
    const lines = labels.reduce((sum, { trigger, condition }) => sum + trigger.length + condition.length, 0);
    const [source = "", target = ""] = id.split(">");
    return {
      id,
      source,
      isInward: target.startsWith(`${source}.`),
      target,
      labels,
      widthPx: Math.ceil(Math.max(...widths)) + 8,
      heightPx: lines * linePx + 6,
    };
  });
}

function labelOf(transition: ChartTransition, notes: MachineNotes): Label {
  const { trigger, condition } = wordsOf(transition, notes);
  return {
    transition,
    trigger: wrap(trigger, eventFont, widestLabelPx),
    condition: condition === null ? [] : wrap(condition, textFont, widestLabelPx),
  };
}
