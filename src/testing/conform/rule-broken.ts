// A rule does not hold: what was expected, and what came in its place.

export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
  constructor(
    readonly expected: string,
    readonly came: string,
  ) {
    super(`Expected ${expected}; ${came}.`);
  }
}
