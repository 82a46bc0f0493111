// Who may call: asks the configured hook about each call that holds a slot, and turns its word into a refusal or none.
// Fails closed: only `true` lets a call through. Knows calls and their contexts; places and settles nothing.

import type { ContextAuth } from "../contract/context-type.js";
import { describeValue } from "../errors.js";
import type { CallId } from "../ids.js";
import { decodeContext } from "../protocol/context.js";
import type { Call, CallFailure } from "./call.js";
import * as failures from "./failures.js";

export interface VerificationPorts {
  /** Lets a call through with true, or a promise of it. Its auth and headers are copies: what it does to them is lost. */
  readonly verify: (
    auth: ContextAuth | null,
    headers: readonly (readonly [string, string])[],
    functionName: string,
  ) => unknown;
  /** The hook threw, rejected or gave what is no boolean. Callers are not told what. */
  readonly onFailed: (functionName: string, thrown: unknown) => void;
  /** A fault of our own while a later word was acted on. */
  readonly onFault: (error: unknown) => void;
}

/** Hears once whether a call may run: null, or why not. The call may have ended in the meantime. */
export type OnVerdict = (callId: CallId, refusal: CallFailure | null) => void;

export class Verification {
  /** The calls whose verdict is still to come, in the order in which they came. */
  readonly waiting = new Set<Call>();
  readonly #ports: VerificationPorts;

  constructor(ports: VerificationPorts) {
    this.#ports = ports;
  }

  /** Puts the call in line and asks. A hook that answers at once has `onVerdict` called before this returns. */
  ask(call: Call, onVerdict: OnVerdict): void {
    call.waitIn(this.waiting);
    const { callId, contextBytes } = call;
    const { name } = call.target;
    let userId: string | null = null;
    let verdict: unknown;
    try {
      const { auth, headers } = decodeContext(contextBytes);
      userId = auth?.userId ?? null;
      verdict = this.#ports.verify(auth, headers, name);
    } catch (thrown) {
      onVerdict(callId, this.#failed(name, userId, thrown));
      return;
    }
    if (verdict === true) onVerdict(callId, null);
    else if (verdict === false) onVerdict(callId, failures.unauthorized(name, userId));
    else this.#await(verdict, callId, name, userId, onVerdict);
  }

  /** Holds on to nothing of the call but its number: a promise that is never settled would keep it alive for ever. */
  #await(verdict: unknown, callId: CallId, name: string, userId: string | null, onVerdict: OnVerdict): void {
    // Not Promise.resolve, which throws for some promises.
    new Promise<unknown>((resolve) => {
      resolve(verdict);
    })
      .then(
        (word) => {
          if (word === true) return null;
          if (word === false) return failures.unauthorized(name, userId);
          const sentence = `it gave ${describeValue(word)}, but must give true or false`;
          return this.#failed(name, userId, new TypeError(sentence));
        },
        (thrown: unknown) => this.#failed(name, userId, thrown),
      )
      .then((refusal) => {
        onVerdict(callId, refusal);
      })
      .catch(this.#ports.onFault);
  }

  #failed(name: string, userId: string | null, thrown: unknown): CallFailure {
    this.#ports.onFailed(name, thrown);
    return failures.verifierFailed(name, userId);
  }
}
