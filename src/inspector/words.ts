// What happens in a chart, in words: what a transition waits for and under which condition it is taken. The same words
// in every form that a chart is shown in.

import type { ChartState, ChartTransition } from "../machines/chart.js";
import type { MachineNotes } from "../machines/notes.js";

export interface TransitionWords {
  /** The event's name, or a clause such as "after 200 ms". */
  readonly trigger: string;
  /** A clause that begins with "if", or "otherwise"; null where nothing is asked. */
  readonly condition: string | null;
}

/** Throws nothing: a name without a note stands for itself. */
export function wordsOf(transition: ChartTransition, notes: MachineNotes): TransitionWords {
  const { trigger, guard, isOtherwise } = transition;
  const asked = guard === null ? null : guardWords(guard, notes);
  if (trigger.kind === "always")
    return { trigger: asked === null ? "at once" : `as soon as ${asked}`, condition: null };
  const otherwise = isOtherwise ? "otherwise" : null;
  return {
    trigger: triggerWords(trigger.kind, trigger.name, notes),
    condition: asked === null ? otherwise : `if ${asked}`,
  };
}

function triggerWords(
  kind: "event" | "after" | "done" | "error",
  name: string,
  { delays }: MachineNotes,
): string {
  switch (kind) {
    case "event":
      return name;
    case "after":
      return `after ${delays[name]?.label ?? name}`;
    case "done":
      return `when ${name} is done`;
    case "error":
      return `when ${name} fails`;
  }
}

function guardWords(guard: string, { guards }: MachineNotes): string {
  const state = /^in (.*)$/.exec(guard)?.[1];
  return guards[guard] ?? (state === undefined ? guard : `it is ${state.split(".").at(-1) ?? state}`);
}

/** It is handled where it comes, and no other state follows. */
export function staysPut({ source, target, isReentering }: ChartTransition): boolean {
  return target === null || (target === source && !isReentering);
}

/** It is heard so that it does nothing: neither here nor further out. */
export function isIgnored(transition: ChartTransition): boolean {
  return transition.target === null && transition.actions.length === 0;
}

/** A line for each thing that is done in the state while it lasts, but for its transitions. */
export function activityLines(
  state: ChartState,
): readonly { readonly what: string; readonly names: readonly string[] }[] {
  return [
    { what: "on entry", names: state.entry },
    { what: "on exit", names: state.exit },
    { what: "runs", names: state.invokes },
  ].filter(({ names }) => names.length > 0);
}
