// Events for which a chart has no transition in a state, and rightly so, each with the reason. Whatever else a chart
// does not answer to is a fault that the walk reports. Named "chart/state/event".

export const ignoredOnPurpose: Readonly<Record<string, string>> = {
  "breaker/open/threshold.crossed":
    "Two failures of one tick: the first has opened it, and what speaks for that a second time changes nothing.",
  "router/draining/router.drain":
    "The door is shut already: the supervisor was told to drain before it was told to stop.",
  "supervisor/stopping/supervisor.drain": "It takes no calls any more; there is nothing left to refuse.",
  "worker/terminating/exports.listed": "It was told to go while it started: what it exports is of no use.",
  "worker/stopping/calls.drained":
    "Its drain's time was over first, and it was told to leave with its calls cancelled.",
  "worker/stopping/worker.condemn":
    "A call of it is overdue, and it is on the way out: the kill ladder that it stands on ends that call as well.",
  "worker/killing/calls.drained":
    "Its last call ended while it is being killed: only the end of its process is awaited.",
  "worker/killing/exports.listed": "As above, of one that is being killed.",
};
