// esbuild, loaded when it is first used, so that a program that compiles nothing never has it.

import { createRequire } from "node:module";
import type * as esbuild from "esbuild";

/**
 * Not by `import`, for which Node first reads all of a CommonJS file to guess its exports: of esbuild's, which is one large
 * file, that takes longer than loading it.
 */
export function loadEsbuild(): typeof esbuild {
  return createRequire(import.meta.url)("esbuild") as typeof esbuild;
}
