// Churn: 5000 times a host connects, makes one call and leaves.

import { connect } from "splice-runtime";
import { closedLoop, openLoop } from "../../load.mjs";
import { Outcomes } from "../load.mjs";

export const title = "5000 connections";
export const seconds = 20;
export const hasBaseline = true;

const perSecond = 5000 / seconds;
const lanes = 8;

export async function run({ system, ms }) {
  const accepts = new Outcomes();
  const whole = new Outcomes();
  const acceptMs = [];
  const visit = async () => {
    const askedAt = performance.now();
    const splice = await connect({ socket: system.socket });
    acceptMs.push(performance.now() - askedAt);
    try {
      const answer = await splice.call("work.echo", { id: 1 });
      if (answer.id !== 1) throw new Error(`1 was answered with ${String(answer.id)}.`);
    } finally {
      await splice.close();
    }
  };
  // A machine that cannot take so many gets fewer.
  const capacity = await closedLoop(visit, lanes, ms / 10);
  acceptMs.length = 0;
  const rate = Math.min(perSecond, capacity * 0.5);
  await openLoop(visit, rate, ms, (_, took, error) => whole.note(took, error));
  for (const took of acceptMs) accepts.note(took, null);
  const { p50Ms: acceptP50Ms, p99Ms: acceptP99Ms } = accepts.figures();
  return { perSecond: rate, capacity, ...whole.figures(), acceptP50Ms, acceptP99Ms };
}
