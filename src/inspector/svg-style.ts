// The look of a drawn chart: two sets of colours, of which the reader's preference chooses one, and what is drawn in
// which. A page that holds the picture may set the variables itself.

import { eventFont, textFont, titleFont } from "./picture.js";

interface Colours {
  readonly paper: string;
  readonly state: string;
  readonly border: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly lit: string;
}

const light: Colours = {
  paper: "#ffffff",
  state: "#eef2f6",
  border: "#8c959f",
  ink: "#1f2328",
  soft: "#59636e",
  line: "#57606a",
  lit: "#bc4c00",
};

const dark: Colours = {
  paper: "#0d1117",
  state: "#1c2330",
  border: "#6e7681",
  ink: "#e6edf3",
  soft: "#9198a1",
  line: "#8b949e",
  lit: "#f0883e",
};

/** Each colour twice: renderers that know no variables take the first. */
function coloured(property: "fill" | "stroke", name: keyof Colours): string {
  return `${property}:${light[name]};${property}:var(--chart-${name})`;
}

function variables(colours: Colours): string {
  return Object.entries(colours)
    .map(([name, value]) => `--chart-${name}:${String(value)}`)
    .join(";");
}

export const style = [
  `.chart{${variables(light)}}`,
  `@media (prefers-color-scheme:dark){.chart{${variables(dark)}}}`,
  `.chart text{font-family:"Segoe UI",Helvetica,Arial,"DejaVu Sans",sans-serif;font-size:${String(textFont.sizePx)}px;${coloured("fill", "soft")}}`,
  `.chart .paper,.chart .label{${coloured("fill", "paper")}}`,
  `.chart .box{${coloured("fill", "paper")};${coloured("stroke", "border")};stroke-width:1.2}`,
  `.chart .atomic>.box,.chart .final>.box{${coloured("fill", "state")}}`,
  `.chart .region>.box{stroke-dasharray:6 4}`,
  `.chart .inner{fill:none;${coloured("stroke", "border")}}`,
  `.chart .title{font-size:${String(titleFont.sizePx)}px;font-weight:bold;${coloured("fill", "ink")}}`,
  `.chart .compound text,.chart .parallel text{${coloured("stroke", "paper")};stroke-width:5px;stroke-linejoin:round;paint-order:stroke}`,
  `.chart .edge text{text-anchor:middle}`,
  `.chart .event{font-size:${String(eventFont.sizePx)}px;font-weight:bold;${coloured("fill", "ink")}}`,
  `.chart .line{fill:none;${coloured("stroke", "line")};stroke-width:1.3}`,
  `.chart .pill{${coloured("fill", "paper")};${coloured("stroke", "line")};stroke-dasharray:3 3}`,
  `.chart .any text{text-anchor:middle;font-style:italic}`,
  `.chart .head,.chart .initial circle{${coloured("fill", "line")}}`,
].join("\n");
