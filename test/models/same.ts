// The comparison of a model with its subject, made at every step of every walk, and what a model's action names mean.

import { expect } from "@jest/globals";

/** Of thousands of walks: no measure of speed. */
export const walkTimeoutMs = 120_000;

/** As `toEqual`, of plain data; `expect` is only asked where texts differ, as it costs more than a step does. */
export function same(subject: object, model: object): void {
  if (JSON.stringify(subject) !== JSON.stringify(model)) expect(subject).toEqual(model);
}

/** Of the actions that a model names in a step those of one verb: "reports worker.ready" of "reports". */
export function told(verb: string, actions: readonly string[]): string[] {
  return actions
    .filter((action) => action.startsWith(`${verb} `))
    .map((action) => action.slice(verb.length + 1));
}
