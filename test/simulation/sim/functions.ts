// What the simulated workers export: functions that take their time, stream, read inputs, fail, hang and take their
// process down, as the faults of the run have it. Each writes what it did into the execution log.

import type { Context } from "../../../src/contract/context-type.js";
import type { WorkerEvent } from "../../../src/testing/history/events.js";
import { createRegistry, type Registry } from "../../../src/worker/registry.js";
import type { Faults } from "./faults.js";
import type { SimMachine, SimProcess } from "./process.js";
import type { Sim } from "./sim.js";

export interface Task {
  readonly key: string;
  /** Time that it takes. */
  readonly ms: number;
  /** Items that it yields. */
  readonly items: number;
  /** How large its result is, where that is of interest. */
  readonly bytes?: number;
}

export interface FunctionPorts {
  readonly sim: Sim;
  readonly faults: Faults;
  readonly machine: () => SimMachine;
  readonly log: WorkerEvent[];
}

function resultOf({ key, bytes }: Task): object {
  return bytes === undefined ? { key } : { key, filling: new Uint8Array(bytes) };
}

const never = new Promise<never>(() => undefined);

export function createFunctions(pool: string, { sim, faults, machine, log }: FunctionPorts): Registry {
  const random = sim.random(`functions of ${pool}`);
  const note = (kind: "start" | "end", { key }: Task, { isDead, pid }: SimProcess): void => {
    if (!isDead) log.push({ kind, key, pid, atMs: sim.nowMs });
  };
  const begin = (task: Task): SimProcess => {
    const process = machine().running;
    if (process === undefined) throw new Error("A function runs outside of every process.");
    note("start", task, process);
    return process;
  };
  /** Returns once its time is over, unless something else becomes of it. */
  const work = async (process: SimProcess, task: Task, ms: number, context: Context): Promise<void> => {
    if (faults.fires("busyLoop", 0.3)) {
      process.standStill(random() * 20_000, context.functionName);
      await process.sleep(0);
    }
    if (faults.fires("crashInCall", 0.3)) {
      process.die(null, "SIGSEGV");
      return never;
    }
    if (faults.fires("exitInCall", 0.3)) {
      process.die(0, null);
      return never;
    }
    if (faults.fires("throws")) throw new Error(`${task.key} failed`);
    const isDeaf = faults.fires("deaf");
    const isHanging = faults.fires("hang", 0.5);
    const slept = isHanging ? never : process.sleep(ms);
    if (isDeaf) return slept;
    const cancelled = new Promise<void>((resolve) => {
      context.signal.addEventListener("abort", () => {
        resolve();
      });
    });
    return Promise.race([slept, cancelled]);
  };
  return createRegistry({
    folder: "sim",
    modules: [
      [
        `${pool}.ts`,
        {
          echo: (task: Task) => {
            const process = begin(task);
            if (faults.fires("throws")) throw new Error(`${task.key} failed`);
            note("end", task, process);
            return resultOf(task);
          },
          slow: async (task: Task, context: Context) => {
            const process = begin(task);
            await work(process, task, task.ms, context);
            note("end", task, process);
            return resultOf(task);
          },
          items: async function* (task: Task, context: Context) {
            const process = begin(task);
            for (let at = 0; at < task.items; at++) {
              if (at % 3 === 0) await work(process, task, task.ms / task.items, context);
              yield { key: task.key, at };
            }
            note("end", task, process);
          },
          sum: async (task: Task, context: Context) => {
            const process = begin(task);
            let count = 0;
            for await (const item of context.input) {
              if (item === null) throw new Error("An item is null.");
              if (count++ % 3 === 0) await work(process, task, task.ms / 4, context);
            }
            note("end", task, process);
            return { key: task.key, count };
          },
        },
      ],
    ],
  });
}
