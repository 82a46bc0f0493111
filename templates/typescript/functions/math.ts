// `fn` adds a schema: what does not fit it is refused before the function runs, and the types of its params follow.

import { fn } from "splice-runtime/worker";
import { twoNumbers } from "./_schemas.js";

export const divide = fn({ params: twoNumbers }, ({ a, b }) => {
  if (b === 0) throw new Error("Cannot divide by zero.");
  return a / b;
});
