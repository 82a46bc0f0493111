// Every exported function of this file can be called: `add` as "math.add", `divide` as "math.divide".
// What a function gets is one object with its parameters; what it returns is sent back to the caller.

import { fn } from "splice-runtime/worker";
import { numbers } from "./_numbers.js";

export function add({ a, b }: { a: number; b: number }) {
  return a + b;
}

// With `fn` a function declares what its parameters have to look like. A call that does not fit never reaches
// the function: the caller gets error 1001, which names every misfit. zod, valibot and arktype schemas work here
// as well; this one is written by hand so that the example needs no package.
export const divide = fn({ params: numbers("a", "b") }, ({ a, b }) => {
  // What is thrown arrives at the caller with this very message.
  if (b === 0) throw new Error("Cannot divide by zero.");
  return a / b;
});
