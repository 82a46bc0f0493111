// What each shape is held against. Pure. A limit is the most that a value may be, a floor the least; nearly all are
// ratios of two figures of one supervisor in one run. L0 is the record alone.

import { judged } from "../faults/verdicts.mjs";
import { median } from "../targets.mjs";

const failed = { what: "calls that failed", limit: 0, value: ({ figures }) => figures.failed };
const timesBaseline = (what, figure, limit) => ({
  what: `${what}, x the baseline's p99`,
  limit,
  value: ({ figures, baseline }) => ratio(figures[figure], baseline.p99Ms),
});
/** `ofSide` of what the meter saw of the supervisor, and of the worker. */
const bothSides = (what, limit, ofSide, isLinuxOnly = false) =>
  ["supervisor", "worker"].map((side) => ({
    what: `${side}: ${what}`,
    limit,
    isLinuxOnly,
    value: (one) => ofSide(one, side),
  }));

const rules = {
  L0: [failed],
  L1: [timesBaseline("p99", "p99Ms", 4), timesBaseline("p99.9", "p999Ms", 10), failed],
  L2: [
    ...bothSides("RSS growth per 10 000 calls, %", 1, slopePercent, true),
    ...bothSides("heap after collection, x before", 1.1, ({ vitals }, side) => vitals[side].heapRatio),
    ...bothSides("descriptors, difference", 0, ({ vitals }, side) => vitals[side].more.descriptors, true),
    ...bothSides("active resources, difference", 0, ({ vitals }, side) => vitals[side].more.resources),
    failed,
  ],
  L3: [
    { what: "served, share of the peak", floor: 0.8, value: ({ figures }) => figures.servedShare },
    {
      what: "refusals' p99, x p99 at 30 %",
      limit: 2,
      value: ({ figures }) => (figures.refused === 0 ? 0 : figures.refusedTimesIdle),
    },
    { what: "ms until at most 1.5 x p99 at 30 %", limit: 2000, value: ({ figures }) => figures.recoveryMs },
  ],
  L4: [
    { what: "most at once, of the limit", limit: 1, value: ({ figures }) => figures.mostAtOnceOfLimit },
    { what: "calls never settled", limit: 0, value: ({ figures }) => figures.unsettled },
    { what: "calls that timed out", limit: 0, value: ({ figures }) => figures.timedOut },
    { what: "other failures than refusals", limit: 0, value: ({ figures }) => figures.otherwise },
  ],
  L5: [
    timesBaseline("small calls' p99", "p99Ms", 5),
    ...bothSides("loop delay p99, ms", 50, ({ vitals }, side) => vitals[side].loopDelay.p99Ms),
    failed,
  ],
  L6: [
    ...bothSides("RSS growth, share of what is allowed", 1, grownShare, true),
    { what: "fast stream, share of its rate alone", floor: 0.7, value: ({ figures }) => figures.fastShare },
  ],
  L7: [
    { what: "calls lost that the killed had not", limit: 0, value: ({ figures }) => figures.lostOfOthers },
    { what: "calls never answered", limit: 0, value: ({ figures }) => figures.neverAnswered },
    { what: "calls that ran twice", limit: 0, value: ({ figures }) => figures.ranTwice },
    {
      what: "recovery p99, x a start at rest",
      limit: 1.5,
      value: ({ figures }) => figures.recoveryTimesBoot,
    },
  ],
  L8: [
    failed,
    { what: "p99, x that at 70 % without reloads", limit: 3, value: ({ figures }) => figures.timesCalm },
    {
      what: "supervisor: RSS after, x before",
      limit: 1.15,
      isLinuxOnly: true,
      value: ({ figures }) => figures.residentRatio,
    },
  ],
  L9: [
    timesBaseline("accept p99", "acceptP99Ms", 5),
    {
      what: "supervisor: descriptors, difference",
      limit: 0,
      isLinuxOnly: true,
      value: ({ vitals }) => vitals.supervisor.more.descriptors,
    },
    failed,
  ],
  L10: [
    timesBaseline("p99", "p99Ms", 2),
    failed,
    {
      what: "supervisor: descriptors, difference",
      limit: 0,
      isLinuxOnly: true,
      value: ({ vitals }) => vitals.supervisor.more.descriptors,
    },
  ],
};

/** The criteria of a shape by the median of its rounds, each a measurement's answer (measure.mjs). */
export function judge(shape, rounds, platform) {
  return rules[shape].map(({ value, isLinuxOnly = false, ...row }) => {
    const values = rounds.map(value);
    const found = values.some((one) => one === null) ? null : median(values);
    if (isLinuxOnly && platform !== "linux") return { shape, ...row, value: null, verdict: "not measured" };
    return judged({ shape, ...row, value: found });
  });
}

/** A shape that fell short is run once more; it is red when it falls short again. */
export function isRed({ error, verdicts }) {
  return error !== undefined || verdicts.some(({ verdict }) => verdict === "short");
}

/** Criteria that got worse by a fifth since `stored`, of those where that is more than noise beside their bound. */
export function regressions(verdicts, stored) {
  return verdicts.flatMap((row) => {
    const before = stored.find(({ shape, what }) => shape === row.shape && what === row.what)?.value;
    if (before == null || row.value === null) return [];
    const bound = row.limit ?? row.floor;
    // What shrinks a little less than it did has not got worse.
    const [now, then] = [row.value, before].map((value) => Math.max(0, value));
    const worse = row.limit === undefined ? then - now : now - then;
    return worse > 0.2 * then && worse > 0.05 * bound ? [{ ...row, before }] : [];
  });
}

function ratio(a, b) {
  return a === null || b === null ? null : a / b;
}

function slopePercent({ figures }, side) {
  const slope = figures.slopePer10kCalls[side];
  return slope === null ? null : slope * 100;
}

function grownShare({ figures, vitals }, side) {
  const { first, most } = vitals[side].residentMib;
  return first === null ? null : (most - first) / figures.allowedGrowthMib;
}
