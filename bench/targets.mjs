// What the figures are held against: ratios within one run, each with a floor that must be kept and an aim. Pure.

/** `of` over `to` in `figure` of `case`. A ratio of latencies or start times must stay below, of rates above. */
const callRatios = [
  ["64b-64", "callsPerSecond", "splice-embedded", "ipc-json", 0.9, 1.1],
  ["64b-64", "callsPerSecond", "splice-embedded", "piscina", 1.8, 2.3],
  ["64b-64", "callsPerSecond", "splice-embedded", "limit", 0.35, 0.6],
  ["64b-64", "callsPerSecond", "splice-supervisor", "piscina", 1.2, 1.6],
  ["64b-64", "callsPerSecond", "splice-supervisor", "limit", 0.25, 0.4],
  ["64b-1", "p50Us", "splice-embedded", "ipc-json", 1.15, 0.95],
  ["64b-1", "p50Us", "splice-supervisor", "ipc-json", 1.9, 1.5],
  ["64b-256", "callsPerSecond", "splice-embedded", "ipc-json", 1.0, 1.3],
  ["1mib-bytes", "callsPerSecond", "splice-embedded", "ipc-advanced", 0.8, 1.0],
  ["1mib-bytes", "callsPerSecond", "splice-supervisor", "ipc-advanced", 0.5, 0.8],
  ["1mib-rows", "callsPerSecond", "splice-embedded", "ipc-advanced", 0.7, 1.0],
];
const startRatio = { floor: 6, aim: 4 };

/** `results` as in run.mjs: results[case][contender].median. A row whose figures were not measured has ratio null. */
export function judge(results, start) {
  const rows = callRatios.map(([inCase, figure, of, to, floor, aim]) => {
    const value = (contender) => results[inCase]?.[contender]?.median?.[figure];
    return judged({ case: inCase, figure, of, to, floor, aim, ratio: ratioOf(value(of), value(to)) });
  });
  const { floor, aim } = startRatio;
  const ratio = ratioOf(start?.median.serveMs, start?.median.nodeMs);
  return [
    ...rows,
    judged({ case: "start", figure: "ms", of: "splice serve", to: "node -e 0", floor, aim, ratio }),
  ];
}

function ratioOf(a, b) {
  return a == null || b == null ? null : a / b;
}

function judged(row) {
  const lowerIsBetter = row.aim < row.floor;
  const keeps = (bound) => (lowerIsBetter ? row.ratio <= bound : row.ratio >= bound);
  const verdict =
    row.ratio === null
      ? "not measured"
      : keeps(row.aim)
        ? "aim reached"
        : keeps(row.floor)
          ? "floor reached"
          : "short";
  return { ...row, lowerIsBetter, verdict };
}

export function median(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
