// From the pools a person wrote to the pools the supervisor runs: `functions` in its short form, the default pool,
// the choice between functions and command. Touches no file: whether folders exist is asked in check-folders.ts.

import { resolve } from "node:path";
import { ConfigError } from "../errors.js";
import {
  fields,
  integer,
  join,
  knownFields,
  nonEmptyText,
  oneOf,
  optionalLimit,
  text,
  texts,
  type Fields,
} from "./checks.js";
import { defaultFunctionsFolder, defaultPoolName, maxWorkers } from "./defaults.js";
import type { Command, PoolSource, ResolvedPool } from "./types.js";

const poolKeys = [
  "functions",
  "command",
  "build",
  "watch",
  "link",
  "workers",
  "maxCalls",
  "maxRssMb",
  "restartType",
  "env",
  "cwd",
  "execArgv",
] as const;

/** Where the keys of all pools start from. */
interface Base {
  readonly cwd: string;
  readonly defaultWorkers: number;
}

/** A folder of functions and the key that named it. */
interface NamedFolder {
  readonly value: unknown;
  readonly configPath: string;
}

export function resolvePools(functions: unknown, pools: unknown, base: Base): readonly ResolvedPool[] {
  const named = Object.entries(fields("pools", pools)).filter(([, pool]) => pool !== undefined);
  for (const [name, pool] of named) {
    if (/^[A-Za-z0-9_-]+$/.test(name)) continue;
    throw new ConfigError(join("pools", name), pool, 'named with letters, digits, "-" and "_" alone');
  }
  const short = shortForm(functions, named.length === 0);
  const resolved = named.map(([name, pool]) =>
    resolvePool(join("pools", name), name, pool, name === defaultPoolName ? short : undefined, base),
  );
  if (short === undefined || resolved.some(({ name }) => name === defaultPoolName)) return resolved;
  return [resolvePool(join("pools", defaultPoolName), defaultPoolName, {}, short, base), ...resolved];
}

function shortForm(functions: unknown, noPoolIsNamed: boolean): NamedFolder | undefined {
  if (functions !== undefined) return { value: functions, configPath: "functions" };
  return noPoolIsNamed ? { value: defaultFunctionsFolder, configPath: "functions" } : undefined;
}

/** `path` is where the pool was written: that of a key, or "" for options of its own. */
export function resolvePool(
  path: string,
  name: string,
  written: unknown,
  short: NamedFolder | undefined,
  base: Base,
): ResolvedPool {
  const pool = knownFields(path, written, poolKeys);
  const env = environment(join(path, "env"), pool["env"]);
  return {
    name,
    source: resolveSource(path, pool, short, base.cwd),
    watch: watched(join(path, "watch"), pool["watch"], base.cwd),
    link: oneOf(join(path, "link"), pool["link"], ["inherit", "socket"], "inherit"),
    workers: integer(join(path, "workers"), pool["workers"], base.defaultWorkers, 1, maxWorkers),
    env,
    maxCalls: optionalLimit(join(path, "maxCalls"), pool["maxCalls"]),
    maxRssMb: optionalLimit(join(path, "maxRssMb"), pool["maxRssMb"]),
    restartType: oneOf(
      join(path, "restartType"),
      pool["restartType"],
      ["permanent", "transient", "temporary"],
      "permanent",
    ),
    cwd: pool["cwd"] === undefined ? base.cwd : folder(join(path, "cwd"), pool["cwd"], base.cwd),
  };
}

function resolveSource(path: string, pool: Fields, short: NamedFolder | undefined, cwd: string): PoolSource {
  const functionsPath = join(path, "functions");
  if (short !== undefined && pool["functions"] !== undefined) {
    throw new ConfigError("functions", short.value, `left out, since ${functionsPath} names a folder too`);
  }
  const functions =
    pool["functions"] === undefined ? short : { value: pool["functions"], configPath: functionsPath };
  const { command, build, execArgv } = pool;
  if (command === undefined) {
    if (build !== undefined)
      throw new ConfigError(
        join(path, "build"),
        build,
        "left out, since it is only for pools with a command",
      );
    if (functions === undefined) throw new ConfigError(path, pool, "given either functions or a command");
    return {
      kind: "functions",
      folder: folder(functions.configPath, functions.value, cwd),
      execArgv:
        execArgv === undefined ? [] : texts(join(path, "execArgv"), execArgv, "a list of options for Node"),
      configPath: functions.configPath,
    };
  }
  if (functions !== undefined) {
    throw new ConfigError(functions.configPath, functions.value, `left out, since ${path} has a command`);
  }
  if (execArgv !== undefined) {
    throw new ConfigError(
      join(path, "execArgv"),
      execArgv,
      "left out, since it is only for pools of functions",
    );
  }
  return {
    kind: "command",
    command: program(join(path, "command"), command),
    ...(build === undefined ? {} : { build: program(join(path, "build"), build) }),
  };
}

function program(path: string, value: unknown): Command {
  const expected = "a list of a program and its arguments";
  const [name, ...args] = texts(path, value, expected);
  if (name === undefined) throw new ConfigError(path, value, `${expected}, not an empty one`);
  return [nonEmptyText(`${path}[0]`, name, "the name of a program"), ...args];
}

function watched(path: string, value: unknown, cwd: string): readonly string[] {
  if (value === undefined) return [];
  const expected = "a list of folders and files";
  return texts(path, value, expected).map((entry, at) =>
    resolve(cwd, nonEmptyText(`${path}[${String(at)}]`, entry, "the path of a folder or a file")),
  );
}

function folder(path: string, value: unknown, cwd: string): string {
  return resolve(cwd, nonEmptyText(path, value, "the path of a folder"));
}

function environment(path: string, value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(fields(path, value)).filter(([, entry]) => entry !== undefined);
  for (const [name, entry] of entries) {
    if (/^[^=\0]+$/.test(name)) continue;
    throw new ConfigError(join(path, name), entry, 'named without "=" and NUL characters');
  }
  return Object.fromEntries(entries.map(([name, entry]) => [name, text(join(path, name), entry)]));
}
