// The forms in which a chart is shown. Apart, since the command line has to know them before it needs any chart.

export const chartFormats = ["mermaid", "json", "svg"] as const;
export type ChartFormat = (typeof chartFormats)[number];
