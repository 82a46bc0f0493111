// Takes the platform's time and chance away for the length of a run. What the supervisor needs of either is handed to it; a
// worker process has a platform of its own, and sees the simulated one. XState alone may ask: for ids and for notes.

import type { Random } from "../../../src/time.js";
import type { Sim } from "./sim.js";

const replaced = ["setTimeout", "setInterval", "setImmediate", "performance"] as const;

export async function withoutRealTime<T>(sim: Sim, run: () => Promise<T>): Promise<T> {
  const kept = replaced.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  const [random, now, warn] = [Math.random, Date.now, console.warn];
  const isWorker = (): boolean => sim.current?.name.startsWith("worker ") === true;
  const refuse = (name: string): never => {
    const error = new Error(`${name} was used in a simulated run.`);
    sim.fail(error);
    throw error;
  };
  const stand = {
    setTimeout: () => refuse("setTimeout"),
    setInterval: () => refuse("setInterval"),
    setImmediate: (callback: () => void) => {
      const { current } = sim;
      if (current === null || !isWorker()) return refuse("setImmediate");
      return sim.after(0, "turns", current, callback);
    },
    performance: { now: () => (isWorker() ? sim.nowMs : refuse("performance.now")) },
  };
  const chance: Random = sim.random("ids");
  for (const name of replaced)
    Object.defineProperty(globalThis, name, { value: stand[name], configurable: true, writable: true });
  Math.random = chance;
  Date.now = () => 1_700_000_000_000 + sim.nowMs;
  // XState says so of an event for an actor that is over.
  console.warn = (...said: unknown[]) => {
    sim.fail(new Error(`XState warns: ${said.map(String).join(" ")}`));
  };
  try {
    return await run();
  } finally {
    for (const [name, descriptor] of kept)
      if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    Math.random = random;
    Date.now = now;
    console.warn = warn;
  }
}
