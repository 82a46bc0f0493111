// What one caller has of dispatch: permits that its calls hold, and calls that wait for one. A few numbers on an object
// that each call reaches through its caller, so that counting them costs no look-up. Counts; decides nothing.

import type { FunctionState } from "./function-state.js";
import type { HeapItem } from "./heap.js";
import type { Lane } from "./lane.js";

export class CallerShare implements HeapItem {
  /** Permits that its calls hold now. */
  held = 0;
  /** When it last got one, as a number that grows; 0: never. */
  lastTurn = 0;

  // The rest belongs to FairQueue alone.

  /** Its calls that wait for a permit. */
  waiting = 0;
  readonly lanes = new Map<FunctionState, Lane>();
  heapIndex = -1;
}
