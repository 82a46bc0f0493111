// Steady: small calls at 70 % of capacity.

import { echo, steady } from "../load.mjs";

export const title = "steady, 70 %";
export const seconds = 30;
export const hasBaseline = true;

export function run({ system, capacity, ms }) {
  return steady((n) => echo(system, n), capacity * 0.7, ms);
}
