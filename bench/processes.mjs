// What the kernel knows of a process and all its descendants: processor time, memory, descriptors. Linux only; elsewhere
// nothing is known and every figure is null.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const isKnown = process.platform === "linux";
const tickUs = isKnown ? 1e6 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) : 0;

/** The process itself first. */
export function family(pid) {
  if (!isKnown) return [pid];
  const children = new Map();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? statOf(name)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [pid];
  for (let i = 0; i < found.length; i += 1) found.push(...(children.get(found[i]) ?? []));
  return found;
}

/** Its command line; empty where nothing is known of it. */
export function commandOf(pid) {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** User and system time of all threads of these processes so far, and of their children that have ended, in microseconds. */
export function cpuUs(pids) {
  if (!isKnown) return null;
  return pids.reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0) * tickUs, 0);
}

/** Time of all processors so far, and how much of it they were at work for anybody, in microseconds. */
export function machineCpuUs() {
  if (!isKnown) return null;
  // user nice system idle iowait irq softirq steal
  const ticks = readFileSync("/proc/stat", "utf8")
    .split("\n", 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1, 9)
    .map(Number);
  const allUs = ticks.reduce((sum, one) => sum + one, 0) * tickUs;
  return { allUs, busyUs: allUs - (ticks[3] + ticks[4]) * tickUs };
}

/** Proportional set size in KiB: memory shared by n processes counts 1/n in each. */
export function pssKib(pids) {
  if (!isKnown) return null;
  return pids.reduce((sum, pid) => sum + pssOf(pid), 0);
}

/** Resident memory of one process in MiB. */
export function residentMib(pid) {
  const kib = fieldOf(`/proc/${String(pid)}/status`, "VmRSS");
  return kib === null ? null : kib / 1024;
}

/** How many descriptors it holds. */
export function descriptorsOf(pid) {
  try {
    return readdirSync(`/proc/${String(pid)}/fd`).length;
  } catch {
    return null;
  }
}

/** How often its threads gave the processor up, and how often it was taken from them. */
export function contextSwitches(pid) {
  try {
    const tasks = readdirSync(`/proc/${String(pid)}/task`).map(
      (id) => `/proc/${String(pid)}/task/${id}/status`,
    );
    const sum = (name) => tasks.reduce((total, path) => total + (fieldOf(path, name) ?? 0), 0);
    return { voluntary: sum("voluntary_ctxt_switches"), involuntary: sum("nonvoluntary_ctxt_switches") };
  } catch {
    return null;
  }
}

function fieldOf(path, name) {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);
  } catch {
    return null;
  }
}

function pssOf(pid) {
  try {
    return Number(
      /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/smaps_rollup`, "utf8"))?.[1] ?? 0,
    );
  } catch {
    return 0;
  }
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The command's name may hold spaces and brackets; what follows its last bracket counts from field 3.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}
