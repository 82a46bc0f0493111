// How one hears that a pool has been added or removed while the others run: from what the root emits. Changes nothing itself.

import type { Actor } from "xstate";
import type { supervisorMachine } from "../machines/supervisor/machine.js";
import { StartError } from "./start-error.js";

type Root = Actor<typeof supervisorMachine>;

/** Resolves when the pool has a ready worker; rejects with StartError when it is gone again, or all has `ended`. */
export function poolAdded(root: Root, ended: Promise<void>, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure = new StartError(name, "The supervisor ended before the pool had started.", "");
    const isIt = ({ pool }: { readonly pool: string }): boolean => pool === name;
    const finish = (settle: () => void): void => {
      for (const subscription of subscriptions) subscription.unsubscribe();
      settle();
    };
    const failed = (): void => {
      finish(() => {
        reject(failure);
      });
    };
    const subscriptions = [
      root.on("worker.ready", (event) => {
        if (isIt(event)) finish(resolve);
      }),
      root.on("pool.failed", (event) => {
        if (isIt(event)) failure = new StartError(name, event.message, event.stderrTail);
      }),
      root.on("pool.removed", (event) => {
        if (isIt(event)) failed();
      }),
    ];
    void ended.then(failed);
  });
}

/** Resolves when no process of the pool is left. */
export function poolRemoved(root: Root, ended: Promise<void>, name: string): Promise<void> {
  return new Promise((resolve) => {
    const subscription = root.on("pool.removed", ({ pool }) => {
      if (pool !== name) return;
      subscription.unsubscribe();
      resolve();
    });
    void ended.then(resolve);
  });
}
