// The published entry `splice-runtime/testing`: for tests of whoever uses Splice, speaks its protocol, or sets its restarts.
// Needs no test runner, and prints nothing.

export { everyTransition } from "./transition-paths.js";
export {
  testEveryTransition,
  type EveryTransitionOptions,
  type ModelStep,
  type ModelSubject,
  type TransitionCoverage,
  type TransitionPair,
} from "./every-transition.js";
export { createTestSplice, type TestSpliceOptions } from "./in-memory/create-test-splice.js";
export type { TestFunctions } from "./in-memory/function-table.js";
export { createVirtualClock, type VirtualClock } from "./virtual-clock.js";
export { rehearseFunction, type FunctionRehearsal, type RehearsedEnd } from "./rehearse-function.js";
export {
  rehearsePool,
  type PoolRehearsal,
  type RehearsalOptions,
  type RehearsedFact,
} from "./rehearse-pool.js";
export { createMemoryPair, type MemoryPairOptions } from "../transport/memory-duplex.js";
export type { ByteDuplex, DuplexHandlers } from "../transport/duplex.js";
export { ScriptedPeer, type MessageOf } from "./peer.js";
export { inheritedLink, scriptedWorker, type ScriptedCall, type WorkerScript } from "./scripted-worker.js";
export {
  ScriptedHost,
  scriptedHost,
  type ScriptedHostOptions,
  type ScriptedInvoke,
} from "./scripted-host.js";
export { checkHistory } from "./history/check-history.js";
export { expectHistory, parseExecutionLog } from "./history/expect-history.js";
export type {
  Finding,
  Guarantee,
  History,
  HistoryLimits,
  HostEvent,
  Judgement,
  SupervisorEvent,
  Verdict,
  WorkerEvent,
} from "./history/events.js";
