// What charts are told in a simulated run and do not take, each with the reason why they need not. An event that is not
// listed is a failure: either a transition is missing, or it should not have been sent.

/** Chart, state, event; then why. A state that ends in * stands for all that begin so. */
export const ignoredEvents: readonly (readonly [chart: string, state: string, event: string, why: string])[] =
  [
    ["worker", "alive.ready", "health.missed", "a guard counts: there were fewer than health.maxMisses"],
    ["worker", "alive.*", "worker.hold", "it calls off starts that wait; this one has a process"],
    ["worker", "alive.terminating", "exports.listed", "it came in while its end was under way"],
    ["worker", "alive.killing", "exports.listed", "as above"],
    ["worker", "alive.reaping", "exports.listed", "it has ended already"],
    [
      "worker",
      "alive.stopping",
      "use.exceeded",
      "it was given its last call in the turn in which it was told to go",
    ],
    ["worker", "alive.leaving.draining", "use.exceeded", "as above"],
    ["worker", "alive.killing", "use.exceeded", "as above, in which it was to be killed"],
    ["worker", "alive.killing", "calls.drained", "asked for in an earlier state, and it ends all the same"],
    ["worker", "alive.stopping", "calls.drained", "as above"],
    ["worker", "alive.terminating", "calls.drained", "as above"],
    ["worker", "alive.disconnected", "calls.drained", "as above"],
    ["worker", "alive.reaping", "calls.drained", "as above"],
    ["worker", "alive.killing", "worker.condemn", "it is being ended already"],
    ["worker", "alive.stopping", "worker.condemn", "as above: the next rung comes by itself"],
    ["worker", "alive.terminating", "worker.condemn", "as above"],
    ["worker", "alive.disconnected", "worker.condemn", "as above"],
    ["worker", "alive.reaping", "worker.condemn", "as above"],
    [
      "worker",
      "alive.leaving.owing",
      "worker.condemn",
      "it is condemned already, and owes more than one call",
    ],
    ["pool", "stopping", "worker.condemned", "all its workers are on their way out"],
    ["pool", "idle", "pool.kill", "it has no process"],
    [
      "pool",
      "idle",
      "breaker.halfOpened",
      "it was told to stop for good; one that is to return has its breaker reset",
    ],
    ["pool", "stopping", "breaker.halfOpened", "it starts none; one that is to return has its breaker reset"],
    [
      "supervisor",
      "stopping",
      "pool.remove",
      "it stops that pool with all others, and whoever waits for its end waits for the supervisor's",
    ],
    [
      "supervisor",
      "stopping",
      "breaker.reset",
      "no pool starts a worker any more, so that there is nothing to do",
    ],
    ["supervisor", "stopping", "breaker.trip", "as above"],
    ["router", "draining", "router.drain", "it drains already"],
    ["breaker", "open", "threshold.crossed", "a guard looks for deaths; calls crossed it twice in one turn"],
    ["breaker", "forcedOpen", "threshold.crossed", "what is open by hand is opened by nothing else"],
    ["breaker", "open", "probe.failed", "the death of the worker that had the probe has opened it already"],
    ["breaker", "closed", "breaker.reset", "there is nothing to reset"],
  ];
