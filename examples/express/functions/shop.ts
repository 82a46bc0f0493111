// What the server gives away: one function that answers, one that fails, one that yields.

import { fn, type Context } from "splice-runtime/worker";

const prices = new Map([
  ["bread", 3],
  ["milk", 1],
]);

export function price({ item }: { item: string }, ctx: Context) {
  const price = prices.get(item);
  if (price === undefined) throw new Error(`There is no ${item}.`);
  return { item, price, for: ctx.userId ?? "anybody" };
}

/** Goes on until nobody reads any more. */
export const visitors = fn({ stream: true }, async function* (_params, { signal, log }: Context) {
  try {
    for (let n = 1; !signal.aborted; n++) {
      yield n;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    log.info("nobody counts visitors any more");
  }
});
