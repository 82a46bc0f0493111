// The baseline: small calls at 30 % of what this machine can do.

import { echo, steady } from "../load.mjs";

export const title = "baseline, 30 %";
export const seconds = 20;
export const hasBaseline = false;

export function run({ system, capacity, ms }) {
  return steady((n) => echo(system, n), capacity * 0.3, ms);
}
