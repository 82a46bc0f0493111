// Mixed sizes on one connection: of a hundred calls one carries 8 MiB there and back. What the small ones feel of it.

import { openLoop, closedLoop } from "../../load.mjs";
import { Outcomes, echo } from "../load.mjs";

export const title = "1 % of 8 MiB";
export const seconds = 20;
export const hasBaseline = true;

const largeBytes = 8 * 2 ** 20;
const lanes = 16;

export async function run({ system, ms }) {
  const large = { data: new Uint8Array(largeBytes).map((_, i) => i * 31) };
  const isLarge = (n) => n % 100 === 50;
  const callLarge = async () => {
    const { data } = await system.call("echo", large);
    if (data.length !== largeBytes) throw new Error(`${String(data.length)} bytes came back.`);
  };
  const call = (n) => (isLarge(n) ? callLarge() : echo(system, n));
  let n = 0;
  const capacity = await closedLoop(() => call(n++), lanes, ms / 10);
  const small = new Outcomes();
  const larger = new Outcomes();
  await openLoop(call, capacity * 0.3, ms, (dueMs, took, error) => {
    const made = Math.round((dueMs * capacity * 0.3) / 1000);
    (isLarge(made) ? larger : small).note(took, error);
  });
  const [figures, largeFigures] = [small.figures(), larger.figures()];
  return {
    ...figures,
    calls: n + figures.calls + largeFigures.calls,
    failed: figures.failed + largeFigures.failed,
    mixedCapacity: capacity,
    large: largeFigures,
  };
}
