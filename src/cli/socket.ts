// Where the supervisor of this folder listens: --socket, or the project's own place.

import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { defaultSocketPath, socketPathRefusal } from "../transport/socket-path.js";
import { UsageError } from "./exit.js";

/** @throws UsageError for a path that no socket can have. */
export function resolveSocketPath(given: string | undefined): string {
  const path =
    given === undefined
      ? defaultSocketPath({
          projectDir: process.cwd(),
          env: process.env,
          tempDir: tmpdir(),
          uid: process.getuid?.() ?? 0,
        })
      : resolve(given);
  const refusal = socketPathRefusal(path);
  if (refusal !== undefined) throw new UsageError(refusal);
  return path;
}
