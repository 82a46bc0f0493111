// splice machines: which statecharts there are, or one of them as a diagram, a picture or a definition. It asks no
// supervisor: charts are the same for all.

import { nearNames } from "../../contract/near-names.js";
import type { ChartFormat } from "../../inspector/formats.js";
import { listMachines, showMachine } from "../../inspector/show-machine.js";
import { UsageError } from "../exit.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";

export interface MachinesCommandOptions extends CommonOptions {
  readonly format?: ChartFormat;
}

export async function runMachines(name: string | undefined, options: MachinesCommandOptions): Promise<void> {
  const format = formatOf(options);
  if (name === undefined) {
    list(format);
    return;
  }
  const text = await showMachine(name, format ?? "mermaid");
  if (text === null) throw unknownMachine(name);
  process.stdout.write(text);
}

/** Undefined where none is asked for. */
function formatOf({ format, json: isJson }: MachinesCommandOptions): ChartFormat | undefined {
  if (isJson !== true) return format;
  if (format === undefined || format === "json") return "json";
  throw new UsageError(`--json asks for JSON and --format for ${format}; leave one of them out.`);
}

function list(format: ChartFormat | undefined): void {
  const machines = listMachines();
  if (format === "json") {
    process.stdout.write(`${String(toJson(machines))}\n`);
    return;
  }
  if (format !== undefined)
    throw new UsageError(
      `--format ${format} shows one machine: say which, as in \`splice machines worker --format ${format}\`.`,
    );
  const widest = Math.max(...machines.map(({ name }) => name.length));
  for (const { name, states, summary } of machines) {
    const count = states.length === 1 ? " 1 state " : `${String(states.length).padStart(2)} states`;
    process.stdout.write(`${name.padEnd(widest)}  ${count}  ${summary}\n`);
  }
}

function unknownMachine(asked: string): UsageError {
  const names = listMachines().map(({ name }) => name);
  const near = nearNames(asked, names).map((name) => JSON.stringify(name));
  const advice =
    near.length > 0
      ? `Did you mean ${near.join(" or ")}?`
      : `There are ${names.slice(0, -1).join(", ")} and ${String(names.at(-1))}.`;
  const shown = JSON.stringify(asked.length > 100 ? `${asked.slice(0, 100)}…` : asked);
  return new UsageError(`There is no machine ${shown}. ${advice}`);
}
