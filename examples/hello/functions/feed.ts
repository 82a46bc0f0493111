// Streams: made only as fast as they are read.

import type { Context } from "splice-runtime/worker";

let made = 0;

export function howFar() {
  return made;
}

export async function* numbers(_: unknown, ctx: Context) {
  try {
    for (made = 0; ; made++) yield made;
  } finally {
    ctx.log.info(`numbers was ended after ${String(made)}`);
    made = -1;
  }
}
