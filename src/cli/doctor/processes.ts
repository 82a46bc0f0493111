// What the system allows a supervisor: open files, and somebody to take note of ended processes.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Finding, ok, warn } from "./finding.js";

/** A worker costs a handful of descriptors, a host one; below this a few hundred hosts are the end. */
const fewOpenFiles = 1024;

export async function lookAtProcesses(): Promise<readonly Finding[]> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => undefined);
  const init = await readFile("/proc/1/cmdline", "utf8").catch(() => undefined);
  return [
    ...(limits === undefined ? [] : [openFiles(limits)]),
    ...(init === undefined ? [] : [firstProcess(init.split("\0"))]),
  ];
}

/** `limits` is the text of /proc/self/limits. */
export function openFiles(limits: string): Finding {
  const [, soft = "unknown"] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  const message = `this shell allows a process ${soft} of them.`;
  return Number(soft) < fewOpenFiles
    ? warn("open files", `${message} Raise it (ulimit -n) where many hosts connect.`)
    : ok("open files", message);
}

/** `command` is the command line of PID 1. Node does not take note of the end of processes it did not start. */
export function firstProcess(command: readonly string[]): Finding {
  const [program = "", script = ""] = command;
  const isNode =
    /^node(js)?$/.test(basename(program)) || (/sh$/.test(basename(program)) && basename(script) === "splice");
  return isNode
    ? warn(
        "init",
        "PID 1 is Node itself, so ended processes that workers left behind stay as zombies; start the container with an init (docker run --init).",
      )
    : ok("init", `PID 1 is ${basename(program)}.`);
}
