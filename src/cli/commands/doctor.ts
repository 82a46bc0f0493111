// splice doctor: looks at everything that a supervisor needs here, changes nothing but the bundles in `.splice`, and
// says what is right, doubtful and wrong.

import { availableParallelism } from "node:os";
import { fail, type Finding, ok } from "../doctor/finding.js";
import { limitsSentence } from "../doctor/limits.js";
import { lookAtPools } from "../doctor/pools.js";
import { lookAtProcesses } from "../doctor/processes.js";
import { lookAtSocket } from "../doctor/socket.js";
import { exitCodes, sentenceOf } from "../exit.js";
import type { CommonOptions } from "../options.js";
import { openProject, resolveProject, type Project } from "../project.js";

/** Resolves with the exit code: 1 when anything fails. */
export async function runDoctor(options: CommonOptions): Promise<number> {
  const findings: Finding[] = [];
  const report = (...found: readonly Finding[]): void => {
    findings.push(...found);
    if (options.json === true) return;
    for (const { level, name, message } of found)
      process.stdout.write(`${level.padEnd(4)}  ${name}: ${message.replaceAll("\n", "\n      ")}\n`);
  };
  const { versions, platform, arch } = process;
  report(ok("platform", `Node ${versions.node} on ${platform} ${arch}.`));
  try {
    const project = await openProject(options);
    const config = await resolveProject(project, options, Math.max(1, availableParallelism() - 1));
    report(ok("config", configSentence(project)), ok("limits", limitsSentence(config)));
    report(...(await lookAtPools(config)));
    report(...(await lookAtSocket(config.socket)));
  } catch (error) {
    // What follows would be about a configuration that nobody can run.
    report(fail("config", sentenceOf(error)));
  }
  report(...(await lookAtProcesses()));
  const isWell = findings.every(({ level }) => level !== "fail");
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok: isWell, findings })}\n`);
  return isWell ? exitCodes.ok : exitCodes.failed;
}

function configSentence({ configFile, folder }: Project): string {
  return configFile === null
    ? `there is no configuration file in ${folder}; the defaults hold.`
    : `${configFile} is valid.`;
}
