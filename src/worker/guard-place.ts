// From a stack to a place in the user's own source: the innermost frame that is neither Node's, nor a package's, nor
// the runtime's, read through the bundle's source map. Knows nothing of how the stack was got.

import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface StackFrame {
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  /** From 0. */
  readonly columnNumber?: number | undefined;
}

export interface SourceLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

const runtimeFolder = fileURLToPath(new URL("../", import.meta.url));

/** The map is read for each question and not kept: questions are rare, and a map is large. */
export function placeInSource(frames: readonly StackFrame[], functionsFile: string): SourceLine | undefined {
  let map: SourceMap | undefined;
  for (const { url, lineNumber, columnNumber = 0 } of frames) {
    if (!url.startsWith("file:")) continue;
    const file = fileURLToPath(url);
    if (file !== functionsFile) {
      if (isForeign(file)) continue;
      return { file, line: lineNumber + 1 };
    }
    map ??= readMap(`${functionsFile}.map`);
    // A bundle whose map is gone is still a place.
    if (map === undefined) return { file, line: lineNumber + 1 };
    const entry = map.findEntry(lineNumber, columnNumber);
    if (!("originalSource" in entry)) continue;
    const source = resolve(dirname(functionsFile), entry.originalSource);
    if (!isForeign(source)) return { file: source, line: entry.originalLine + 1 };
  }
  return undefined;
}

function isForeign(file: string): boolean {
  return file.includes("/node_modules/") || file.startsWith(runtimeFolder);
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, "utf8")) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
