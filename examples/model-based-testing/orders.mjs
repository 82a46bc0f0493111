// A function file as any other: functions/orders.mjs.
export function total({ items }) {
  if (items.length === 0) throw new RangeError("An order has at least one item.");
  return items.reduce((sum, { price }) => sum + price, 0);
}

export async function* invoices({ from }, ctx) {
  for (let number = from; !ctx.isCancelled; number++) yield { number };
}
