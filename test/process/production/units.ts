// Reads unit files of systemd and Dockerfiles, as far as the examples go.

import { readFile } from "node:fs/promises";

export type Unit = ReadonlyMap<string, string>;

/** "Section.Key" with the last value of each; comments are left out. */
export async function readUnit(file: string): Promise<Unit> {
  const unit = new Map<string, string>();
  let section = "";
  for (const line of (await readFile(file, "utf8")).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const heading = /^\[(\w+)\]$/.exec(line)?.[1];
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (heading !== undefined) section = heading;
    else if (key !== undefined && value !== undefined) unit.set(`${section}.${key}`, value);
    else throw new Error(`${file} has a line that is none of a unit: ${line}`);
  }
  return unit;
}

export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

export interface Stage {
  readonly name: string | undefined;
  readonly steps: readonly Instruction[];
}

export async function readDockerfile(file: string): Promise<readonly Stage[]> {
  const text = (await readFile(file, "utf8")).replace(/^#.*\n/gm, "").replace(/\\\n\s*/g, "");
  const stages: { name: string | undefined; steps: Instruction[] }[] = [];
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const [, name = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === "") throw new Error(`${file} has a line that is no instruction: ${line}`);
    if (name === "FROM") stages.push({ name: / AS (\w+)$/.exec(rest)?.[1], steps: [] });
    stages.at(-1)?.steps.push({ name, rest });
  }
  return stages;
}

/** The arguments of the last such instruction, which has to be in its exec form. */
export function execForm(stage: Stage | undefined, name: string): readonly string[] {
  const found = stage?.steps.findLast((step) => step.name === name)?.rest ?? "";
  return JSON.parse(found.slice(found.indexOf("["))) as string[];
}
