// Transitions that the simulation does not walk through, each with what keeps it from them. Walks through single charts in
// test/machines take them.

interface Excuse {
  readonly why: string;
  readonly names: readonly string[];
}

/** The simulation has nothing that leads there: one that is taken all the same is a mistake here. */
export const cannotBeTaken: readonly Excuse[] = [
  {
    why: "none of the runtime's own actors fails here",
    names: [
      "worker.alive xstate.error.actor.link",
      "worker.alive xstate.error.actor.process",
      "pool xstate.error.actor.reload",
      "reload xstate.error.actor.watcher",
      "reload.building xstate.error.actor.build",
      "worker.alive.starting.proving xstate.error.actor.heartbeat",
      "worker.alive.condemned.examination.examining xstate.error.actor.examine",
      "worker.alive.killing xstate.error.actor.kill",
      "worker.alive.ready xstate.error.actor.heartbeat",
      "worker.alive.terminating xstate.error.actor.terminate",
    ],
  },
  {
    why: "no two pools export functions of one name",
    names: [
      "pool.serving pool.refuse",
      "supervisor.draining worker.ready 1",
      "supervisor.refusing worker.ready 1",
      "supervisor.running worker.ready 1",
      "supervisor.starting worker.ready 1",
      "supervisor.startingRefusing worker.ready 1",
      "worker.alive.ready worker.refuse",
    ],
  },
  {
    why: "all workers are of this version",
    names: ["worker.alive.starting.handshaking handshake.refused"],
  },
  {
    why: "nobody watches files; a reload is asked for",
    names: [
      "reload.building files.changed",
      "reload.promoting files.changed",
      "reload.queueing files.changed",
      "reload.retiring files.changed",
      "reload.rollingBack files.changed",
      "reload.starting files.changed",
      "reload.watching files.changed",
    ],
  },
  {
    why: "of what is built nobody can tell whether it is another, all generations export the same, and none is in development",
    names: [
      "pool generation.hurry",
      "pool generation.refuse",
      "reload.building build.succeeded 1",
      "reload.starting generation.ready 1",
    ],
  },
  {
    why: "the operator comes when all have started, and resets what is tripped before it is tripped again",
    names: [
      "breaker.forcedOpen breaker.trip",
      "pool.held breaker.closed 2",
      "pool.starting breaker.closed",
      "pool.starting breaker.opened",
      "pool.starting worker.ready 1",
      "supervisor.starting breaker.reset",
      "supervisor.starting breaker.trip",
      "supervisor.startingRefusing breaker.reset",
      "supervisor.startingRefusing breaker.trip",
    ],
  },
];

/** What leads there meets so seldom that a row of seeds may do without, and another not. */
export const seldomTaken: readonly Excuse[] = [
  {
    why: "another pool is still starting when one has had so much trouble; a start is short",
    names: [
      "supervisor.starting breaker.closed",
      "supervisor.starting breaker.halfOpened",
      "supervisor.starting worker.condemned",
    ],
  },
  {
    why: "as above, and it was told to drain while it started, or is told to stop as well",
    names: [
      "supervisor.startingRefusing breaker.closed",
      "supervisor.startingRefusing breaker.halfOpened",
      "supervisor.startingRefusing breaker.opened",
      "supervisor.startingRefusing outlook.changed",
      "supervisor.startingRefusing pool.stopped",
      "supervisor.startingRefusing supervisor.stop",
      "supervisor.startingRefusing worker.condemned",
      "supervisor.startingRefusing worker.withdrawn",
    ],
  },
  {
    why: "a pool was added shortly before, or the operator's hand comes within a drain, which is short",
    names: [
      "supervisor.draining breaker.closed",
      "supervisor.draining breaker.reset",
      "supervisor.draining pool.failed",
      "supervisor.draining pool.remove",
      "supervisor.refusing pool.failed",
      "supervisor.stopping pool.failed",
      "supervisor.stopping worker.ready",
    ],
  },
  {
    why: "a new generation is promoted in the turn in which it is whole, so that hardly anything comes between",
    names: [
      "pool generation.promote",
      "reload.promoting generation.failed",
      "reload.promoting generation.promoted 1",
      "reload.promoting reload.request",
      "reload.rollingBack generation.failed",
      "reload.rollingBack generation.ready",
    ],
  },
  {
    why: "a second stop comes before the first has reached that pool",
    names: ["pool.serving pool.kill", "pool.starting pool.kill"],
  },
  {
    why: "a pool is removed, or a worker comes or goes, when nothing else is ready or the supervisor has closed",
    names: [
      "router.accepting pool.removed 1",
      "router.closed pool.removed",
      "router.closed worker.ready",
      "router.unavailable worker.withdrawn",
    ],
  },
  {
    why: "it is told to go a second time, or says something wrong, within the moment of its end or between two starts",
    names: [
      "worker.alive.condemned.haste.hurried worker.drain",
      "worker.alive.leaving.owing worker.stop",
      "worker.alive.reaping link.breached",
      "worker.backingOff worker.drain",
      "worker.backingOff worker.kill",
    ],
  },
];
