// Seeds that failed once, each with what was wrong. They are played before all others, and none is ever taken out.

export const regressions: readonly (readonly [seed: number, why: string])[] = [
  [5, "the simulation let a process that had died go on writing"],
  [12, "the simulation's host did not say of calls that their link was lost"],
  [732, "the simulation stalled the supervisor twice in a row, which is more than the checker was told"],
];
