// What the bundler found wrong, in words: file, line, column and the place itself. Shared by functions and
// configuration files; knows nothing of either.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { BuildFailure, Message as BuildMessage } from "esbuild";
import { messageOf } from "../errors.js";
import { sourceExcerpt } from "../contract/source-excerpt.js";

/** The functions do not compile; the message names file, line and column and shows the place. */
export class CompileError extends Error {
  override readonly name = "CompileError";

  constructor(
    message: string,
    /** Where it does not compile; absolute. */
    readonly files: readonly string[] = [],
  ) {
    super(message);
  }
}

/** Of whatever was thrown: the files in which it may be mended. */
export function filesToMend(error: unknown): readonly string[] {
  return error instanceof CompileError ? error.files : [];
}

export function isBuildFailure(error: unknown): error is BuildFailure {
  return typeof error === "object" && error !== null && "errors" in error && Array.isArray(error.errors);
}

/** A sentence with its place and an excerpt; files of the message count from `folder`. */
export async function describeBuildMessage(
  folder: string,
  { text, location, notes }: BuildMessage,
): Promise<string> {
  const hints = notes.map((note) => `  ${note.text}`).filter((hint) => hint.trim() !== "");
  if (location === null) return [text, ...hints].join("\n");
  const file = resolve(folder, location.file);
  // esbuild counts columns in bytes from 0; people count characters from 1.
  const column = Buffer.from(location.lineText).subarray(0, location.column).toString().length + 1;
  const place = { line: location.line, column, length: location.length };
  const source = await readFile(file, "utf8").catch((error: unknown) => messageOf(error));
  const head = `${file}:${String(place.line)}:${String(column)}: ${text}`;
  return [head, "", sourceExcerpt(source, place), ...hints].join("\n").trimEnd();
}
