// What every connection of a host is given, and whom it tells. Types alone.

import type { Dispatcher } from "../dispatch/dispatcher.js";
import type { ExportMetadata } from "../protocol/messages.js";
import type { RunReserved } from "../system/reserved.js";
import type { Clock } from "../time.js";

export interface HostPorts {
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly maxFrameBytes: number;
  readonly serverId: readonly number[];
  readonly startedAtMs: number;
  readonly exports: () => readonly ExportMetadata[];
  readonly runReserved: RunReserved;
  /** Why a host was sent away; never part of a normal goodbye. */
  readonly onRefused: (callerId: number, reason: string) => void;
  /** A fault of our own while a message was handled. */
  readonly onFault: (error: unknown) => void;
}
