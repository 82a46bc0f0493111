// The published `splice-runtime`: what a program imports. Names only.

export { connect } from "./client/connect.js";
export type { ConnectOptions } from "./client/connect.js";
export { createSplice } from "./host/create-splice.js";
export { isolate } from "./host/isolate.js";
export type { Isolated, IsolateOptions } from "./host/isolate.js";
export { toFetchHandler } from "./http/fetch-handler.js";
export { reloadEvents } from "./http/reload-events.js";
export { toNodeHandler } from "./http/node-handler.js";
export type { NodeHandler } from "./http/node-handler.js";
export type { HttpOptions, Identity } from "./http/options.js";
export { defineConfig } from "./config/define-config.js";
export { ConfigError, SpliceError } from "./errors.js";
export type { ErrorKind } from "./errors.js";
export type { SpliceConfig, PoolConfig, Verify } from "./config/types.js";
export type { CallStep, CallStory } from "./contract/call-story.js";
export type { InspectObserver, XstateInspection } from "./contract/inspect-observer.js";
export type { InspectionEvent, ShownSnapshot, ShownTransition } from "./contract/inspection.js";
export type { RemoteFunctions, RemoteModule } from "./contract/remote-functions.js";
export type { LogLine } from "./contract/reserved-streams.js";
export type { CallOptions, Splice, StreamOptions } from "./contract/splice.js";
export type {
  BreakerStatus,
  FunctionStatus,
  LifecycleEvent,
  PoolStatus,
  Status,
  SupervisorState,
  WorkerStatus,
} from "./contract/status.js";
export type { SpliceStream, StreamObservable, StreamObserver } from "./contract/stream-handle.js";
export type { ExportMetadata } from "./protocol/messages.js";
