// Why a system did not start.

/** Why a start came to nothing: the pool, a sentence, and what its process printed last. */
export class StartError extends Error {
  override readonly name = "StartError";

  constructor(
    readonly pool: string,
    message: string,
    readonly stderrTail: string,
  ) {
    super(stderrTail.trim() === "" ? message : `${message}\n${stderrTail.trimEnd()}`);
  }
}
