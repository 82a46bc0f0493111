// The published `splice-runtime`: what a program imports. Names only.

export { createSplice } from "./host/create-splice.js";
export { ConfigError, SpliceError } from "./errors.js";
export type { ErrorKind } from "./errors.js";
export type { SpliceConfig, PoolConfig } from "./config/types.js";
export type { CallOptions, Splice } from "./contract/splice.js";
export type {
  FunctionStatus,
  LifecycleEvent,
  PoolStatus,
  Status,
  SupervisorState,
  WorkerStatus,
} from "./contract/status.js";
export type { ExportMetadata } from "./protocol/messages.js";
