// What the fault measurements are held against. Pure. A limit is the most that a figure of Splice may be, a floor the
// least; what has neither is reported alone.

const both = ["splice-embedded", "splice-supervisor"];

/** `what` as in the page; `of` contenders; `figure` of `measurement`. */
const rules = [
  { measurement: "death", figure: "p99Ms", limit: 20, what: "callers know of their worker's death, p99 ms" },
  { measurement: "death", figure: "never", limit: 0, what: "calls never answered" },
  {
    measurement: "recovery",
    figure: "timesNode",
    limit: 3,
    what: "kill to next success, x a bare start of Node",
  },
  {
    measurement: "kill-loop",
    figure: "lostOfOthers",
    limit: 0,
    what: "lost calls that the killed worker did not have",
  },
  { measurement: "kill-loop", figure: "ranTwice", limit: 0, what: "calls that ran twice" },
  {
    measurement: "overload",
    figure: "servedShare",
    floor: 0.9,
    what: "served at 300 % load, share of the peak",
  },
  { measurement: "overload", figure: "refusedTimesIdle", limit: 2, what: "refusals' p99, x the idle p99" },
  { measurement: "overload", figure: "recoveryMs", limit: 2000, what: "until all is as before, ms" },
  { measurement: "hostile", figure: "p99Ratio", limit: 2, what: "good client's p99, x alone" },
  { measurement: "hostile", figure: "failed", limit: 0, what: "good client's failed calls" },
  {
    measurement: "hostile",
    figure: "descriptorsMore",
    limit: 0,
    what: "descriptors of the supervisor, more than before",
  },
];
const leftovers = [
  ["descriptors", 0],
  ["timers", 0],
  ["handles", 0],
  ["heapMib", 2],
];

/** `results[measurement][contender]` is `{ figures, more }` or missing. */
export function judge(results) {
  const rows = rules.flatMap((rule) =>
    both.flatMap((of) => {
      const value = results[rule.measurement]?.[of]?.figures?.[rule.figure];
      return value === undefined ? [] : [judged({ ...rule, of, value })];
    }),
  );
  for (const [measurement, found] of Object.entries(results)) {
    for (const of of both) {
      const more = found[of]?.more;
      if (more === undefined) continue;
      for (const [figure, limit] of leftovers) {
        const what = `${figure} of the caller, more than before`;
        rows.push(judged({ measurement, figure, limit, what, of, value: more[figure] }));
      }
    }
  }
  return rows;
}

/** A row with `value` and `limit` or `floor`, and its verdict. */
export function judged(row) {
  const isKept =
    row.limit === undefined ? row.value >= row.floor : row.value !== null && row.value <= row.limit;
  return { ...row, verdict: isKept ? "kept" : "short" };
}
