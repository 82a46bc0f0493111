// What every contender runs in its worker: the params come back as the result.

export function echo(params: unknown): unknown {
  return params;
}
