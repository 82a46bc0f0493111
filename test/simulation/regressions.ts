// Seeds that failed once, each with what was wrong. They are played before all others, and none is ever taken out.

export const regressions: readonly (readonly [seed: number, why: string])[] = [
  [5, "the simulation let a process that had died go on writing"],
  [12, "the simulation's host did not say of calls that their link was lost"],
  [732, "the simulation stalled the supervisor twice in a row, which is more than the checker was told"],
  [105, "the simulation told a supervisor to stop that had just started, and went on as if it had not"],
  [
    335,
    "the simulation set shutdown.drainMs to 0 and had workers replaced, which cuts off their calls, as is configured",
  ],
  [1_000_219, "the simulation left bytes lying that a supervisor could not write while it stood still"],
  [651, "a pool was removed while the supervisor stopped, which was not listed among what its chart ignores"],
  [199, "the simulation's operator tripped a breaker that nobody was to reset any more"],
  [479, "a worker that was to be killed had been given its last call, which was not listed likewise"],
  [1541, "a pool's breaker let a probe start while the pool stopped, which was not listed likewise"],
];
