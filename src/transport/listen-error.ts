// The refusals of the listener as one error class, and how a failed system call becomes one of them.

import { messageOf } from "../errors.js";

export type ListenErrorReason =
  "path-too-long" | "not-a-socket" | "directory-not-private" | "in-use" | "permission" | "io";

/** Why no socket could be opened at `path`. The message is a sentence that says what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly reason: ListenErrorReason;
  readonly path: string;

  constructor(reason: ListenErrorReason, path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.path = path;
  }
}

/** The code of a failed system call, such as "ENOENT". */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A failed system call as a ListenError; one that is one already stays itself. */
export function toListenError(error: unknown, path: string): ListenError {
  if (error instanceof ListenError) return error;
  const code = systemCode(error);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new ListenError(
      "permission",
      path,
      `No socket could be made at ${path}: ${messageOf(error)}. Choose a directory you may write to with --socket.`,
      error,
    );
  }
  return new ListenError("io", path, `No socket could be made at ${path}: ${messageOf(error)}.`, error);
}
