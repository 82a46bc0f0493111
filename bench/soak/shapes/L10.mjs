// The baseline's load beside 170 hostile hosts and a flood of Cancels.

import { besideHostileHosts } from "../../faults/measurements/hostile.mjs";
import { echo, steady } from "../load.mjs";

export const title = "170 hostile hosts";
export const seconds = 12;
export const hasBaseline = true;

export function run({ system, capacity, ms }) {
  return besideHostileHosts(system.socket, () => steady((n) => echo(system, n), capacity * 0.3, ms));
}
