// Reads streams as users do, embedded or through a socket, and writes down what it got: for the history checker.

import { connect } from "../../../src/client/connect.js";
import type { Splice, StreamOptions } from "../../../src/contract/splice.js";
import { isSpliceError, messageOf } from "../../../src/errors.js";
import type { TestSystem } from "../harness.js";

/** What a read came to; `code` 0 is the stream's own end, 2002 that the reader left. */
export interface Read {
  readonly code: number;
  readonly message: string;
  /** The numbers that the items said they have. */
  readonly items: readonly number[];
}

export interface ReadOptions extends StreamOptions {
  /** Leaves after so many items. */
  readonly take?: number;
  readonly onItem?: (n: number) => void | Promise<void>;
  /** Which functions write an execution log. */
  readonly isKeyed?: boolean;
}

let lastKey = 0;

export class Reader {
  readonly splice: Splice;
  readonly #system: TestSystem;
  readonly #callerId: number;
  #lastRequestId = 0;

  private constructor(system: TestSystem, splice: Splice, callerId: number) {
    this.#system = system;
    this.splice = splice;
    this.#callerId = callerId;
  }

  /** Of the system's own handle, which nobody else may call with then: requests are counted here. */
  static embedded(system: TestSystem): Reader {
    return new Reader(system, system.splice, 0);
  }

  /** Through the system's socket, as its `connection`th host. */
  static async connected(system: TestSystem, connection = 1): Promise<Reader> {
    const { socket } = await system.splice.status();
    if (socket === null) throw new Error("The system has no host socket.");
    return new Reader(system, await connect({ socket }), connection);
  }

  async read(
    name: string,
    params: Readonly<Record<string, unknown>> = {},
    options: ReadOptions = {},
  ): Promise<Read> {
    const { take = Infinity, onItem, isKeyed = name.startsWith("feed."), ...rest } = options;
    const key = isKeyed ? `s${String(++lastKey)}` : undefined;
    const { host } = this.#system.records;
    const callerId = this.#callerId;
    const requestId = ++this.#lastRequestId;
    const at = () => ({ callerId, requestId, atMs: performance.now() });
    const keyed = key === undefined ? {} : { key };
    host.push({ kind: "invoke", ...at(), functionName: name, streams: true, ...keyed });
    rest.signal?.addEventListener("abort", () => {
      host.push({ kind: "cancel", ...at() });
    });
    const items: number[] = [];
    let [code, message] = [0, ""];
    try {
      for await (const item of this.splice.stream(name, { ...params, ...keyed }, rest)) {
        const { n } = item as { n: number };
        host.push({ kind: "chunk", ...at(), sequence: n });
        items.push(n);
        await onItem?.(n);
        if (items.length < take) continue;
        host.push({ kind: "cancel", ...at() });
        code = 2002;
        break;
      }
    } catch (error) {
      code = isSpliceError(error) ? error.code : -1;
      message = messageOf(error);
      // Its own limit counts as a Cancel; the supervisor's tells another number.
      const ownLimit = `nothing came for ${String(rest.idleTimeoutMs)} ms`;
      if (code === 2001 && message.includes(ownLimit))
        host.push({ kind: "cancel", ...at(), isOwnLimit: true });
    }
    host.push({ kind: "outcome", ...at(), code });
    return { code, message, items };
  }
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
