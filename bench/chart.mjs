// The chart of a run as SVG: two panels of bars, for a README in light or dark. Pure.

import { whole } from "./page.mjs";

const width = 760;
const labelWidth = 220;
const valueWidth = 110;
const rowHeight = 22;
const barHeight = 13;
const titleHeight = 44;
const margin = 20;
/** Longer bars than this many times Splice's are cut short, or nothing else could be told apart. */
const maxTimesOwn = 5;

const panels = [
  {
    case: "64b-64",
    figure: "callsPerSecond",
    unit: "/s",
    title: "Calls a second, 64 in flight, 64 B params",
    hint: "longer is better",
  },
  {
    case: "64b-1",
    figure: "p50Us",
    unit: " us",
    title: "Round trip of one call alone, median",
    hint: "shorter is better",
  },
];

const style = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-size: 14px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .splice { fill: #0969da; }
  .peer { fill: #afb8c1; }
  .limit { fill: none; stroke: #8c959f; stroke-dasharray: 3 3; }
  .cut { fill: none; stroke: #ffffff; stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .splice { fill: #4493f8; }
    .peer { fill: #656c76; }
    .limit { stroke: #9198a1; }
    .cut { stroke: #0d1117; }
  }`;

/** A panel whose case was not run is left out. */
export function chart({ machine, contenders, results }) {
  const drawn = [];
  let top = margin;
  for (const panel of panels) {
    const bars = barsOf(panel, contenders, results);
    if (bars.length === 0) continue;
    drawn.push(drawPanel(panel, bars, top));
    top += titleHeight + bars.length * rowHeight + margin;
  }
  const footer = `One worker each. ${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}, ${machine.date}.`;
  drawn.push(`  <text class="quiet" x="${margin}" y="${top + 4}">${escape(footer)}</text>`);
  const height = top + margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
  <title>Splice beside its peers</title>
  <style>${style}
  </style>
${drawn.join("\n")}
</svg>
`;
}

function barsOf({ case: name, figure }, contenders, results) {
  return contenders
    .map(({ name: contender, title }) => ({
      contender,
      title,
      value: results[name]?.[contender]?.median?.[figure],
    }))
    .filter(({ value }) => value != null)
    .sort((a, b) => (figure === "p50Us" ? a.value - b.value : b.value - a.value));
}

function drawPanel({ title, hint, unit }, bars, top) {
  const room = width - labelWidth - valueWidth - margin;
  const largest = Math.max(...bars.map(({ value }) => value));
  const own = bars.find(({ contender }) => contender === "splice-embedded")?.value ?? largest;
  const scale = Math.min(largest, own * maxTimesOwn);
  const rows = bars.map(({ contender, title: label, value }, i) => {
    const y = top + titleHeight + i * rowHeight;
    const length = Math.max(1, Math.min(1, value / scale) * room).toFixed(1);
    const kind = contender === "limit" ? "limit" : contender.startsWith("splice-") ? "splice" : "peer";
    const text = y + barHeight - 2;
    return `  <text x="${labelWidth - 8}" y="${text}" text-anchor="end">${escape(label)}</text>
  <rect class="${kind}" x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="2"/>${value > scale ? cut(labelWidth + room - 24, y) : ""}
  <text class="quiet" x="${(labelWidth + Number(length) + 8).toFixed(1)}" y="${text}">${whole(value)}${unit}</text>`;
  });
  return `  <text class="title" x="${margin}" y="${top + 14}">${escape(title)}</text>
  <text class="quiet" x="${margin}" y="${top + 31}">${hint}</text>
${rows.join("\n")}`;
}

/** Two slashes through a bar that is longer than there is room for. */
function cut(x, y) {
  const slash = (at) => `M${at} ${y + barHeight + 2} l6 -${barHeight + 4}`;
  return `\n  <path class="cut" d="${slash(x)} ${slash(x + 6)}"/>`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
