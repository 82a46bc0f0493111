// How long a breaker stays open. Pure: how often it opened without having closed in between goes in, a time comes out.

export interface CooldownPolicy {
  /** Of the first opening; each further one in a row lasts twice as long. */
  readonly cooldownMs: number;
  /** No opening lasts longer. As long as the first, so that none is longer, where waiting does not get worse. */
  readonly maxCooldownMs: number;
}

export function cooldownOf({ cooldownMs, maxCooldownMs }: CooldownPolicy, openingsInRow: number): number {
  return Math.min(cooldownMs * 2 ** openingsInRow, maxCooldownMs);
}
