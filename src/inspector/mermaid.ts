// A machine of the catalogue as Mermaid's stateDiagram-v2, for pages that draw it themselves. What leads from a state to
// one within it starts at a mark there, since Mermaid draws no line from a state into itself.

import type { CatalogueEntry } from "../machines/catalogue.js";
import { readChart, statesOf, type ChartState, type ChartTransition } from "../machines/chart.js";
import type { MachineNotes } from "../machines/notes.js";
import { activityLines, isIgnored, staysPut, wordsOf } from "./words.js";

export function toMermaid({ machine, notes }: CatalogueEntry): string {
  const chart = readChart(machine);
  const leading = statesOf(chart).flatMap(({ transitions }) => transitions.filter((each) => !staysPut(each)));
  const lines = ["stateDiagram-v2", "direction TB", ...stateLines(chart, leading, notes)];
  return `${indented(lines).join("\n")}\n`;
}

/**
 * A state, all within it, and the transitions of which it is the innermost state that holds both ends. Those come first:
 * Mermaid draws a state where it was named last.
 */
function stateLines(
  state: ChartState,
  leading: readonly ChartTransition[],
  notes: MachineNotes,
): readonly string[] {
  const id = idOf(state.id);
  const declared = `state "${escaped(state.key)}" as ${id}`;
  const within = activities(state, notes);
  if (state.states.length === 0) {
    const end = state.kind === "final" ? [`${id} --> [*]`] : [];
    return [declared, ...within.map((line) => `${id} : ${escaped(line)}`), ...end];
  }
  const separator = state.kind === "parallel" ? ["--"] : [];
  const children = state.states.flatMap((child, index) => [
    ...(index === 0 ? [] : separator),
    ...stateLines(child, leading, notes),
  ]);
  const own = leading.filter((each) => holderOf(each) === state.id);
  const first = state.states.find(({ key }) => key === state.initial);
  return [
    `${declared} {`,
    ...(first === undefined ? [] : [`[*] --> ${idOf(first.id)}`]),
    ...(own.some(isInward) ? [`state "any state" as ${id}__any`] : []),
    ...own.map((each) => transitionLine(each, notes)),
    ...children,
    "}",
    ...(within.length === 0 ? [] : [`note right of ${id}`, ...within.map(escaped), "end note"]),
  ];
}

function activities(state: ChartState, notes: MachineNotes): readonly string[] {
  const triggers = (transitions: readonly ChartTransition[]): readonly string[] => [
    ...new Set(transitions.map((each) => wordsOf(each, notes).trigger)),
  ];
  const { transitions } = state;
  return [
    ...activityLines(state),
    { what: "handles", names: triggers(transitions.filter((each) => staysPut(each) && !isIgnored(each))) },
    { what: "ignores", names: triggers(transitions.filter(isIgnored)) },
  ].flatMap(({ what, names }) => (names.length === 0 ? [] : [`${what} ${names.join(", ")}`]));
}

function transitionLine(transition: ChartTransition, notes: MachineNotes): string {
  const { trigger, condition } = wordsOf(transition, notes);
  const source = isInward(transition) ? `${idOf(transition.source)}__any` : idOf(transition.source);
  const said = condition === null ? trigger : `${trigger}, ${condition}`;
  return `${source} --> ${idOf(transition.target ?? "")} : ${escaped(said)}`;
}

function isInward({ source, target }: ChartTransition): boolean {
  return target?.startsWith(`${source}.`) === true;
}

/** The id of the innermost state that holds source and target; for what leads inward that is the source itself. */
function holderOf(transition: ChartTransition): string {
  if (isInward(transition)) return transition.source;
  const target = transition.target?.split(".") ?? [];
  const source = transition.source.split(".");
  let shared = 0;
  while (shared < source.length - 1 && shared < target.length - 1 && source[shared] === target[shared])
    shared += 1;
  return source.slice(0, shared).join(".");
}

/** Ids may hold no dots there. */
function idOf(stateId: string): string {
  return stateId.replace(/[^A-Za-z0-9]/g, "_");
}

/** What ends a label, or means something within one, goes by its number. */
function escaped(text: string): string {
  return text.replace(/[#:;"<>{}]/g, (char) => `#${String(char.charCodeAt(0))};`);
}

function indented(lines: readonly string[]): readonly string[] {
  let depth = 0;
  return lines.map((line, index) => {
    if (line === "}" || line === "end note") depth -= 1;
    const shown = index === 0 ? line : `${"  ".repeat(depth + 1)}${line}`;
    if (line.endsWith(" {") || /^note [a-z]+ of \w+$/.test(line)) depth += 1;
    return shown;
  });
}
