// A machine of the catalogue as a picture, complete in itself: for a file, a page or a document.

import type { CatalogueEntry } from "../machines/catalogue.js";
import { readChart, type ChartTransition } from "../machines/chart.js";
import { layOut } from "./layout.js";
import { pictureOf } from "./picture.js";
import { writeSvg } from "./svg.js";
import { wordsOf } from "./words.js";

/** The same text for the same chart, whenever and wherever it is drawn. */
export async function drawChart({ name, machine, notes }: CatalogueEntry): Promise<string> {
  const picture = pictureOf(readChart(machine), notes);
  const tooltip = (transition: ChartTransition): string => {
    const { trigger, condition } = wordsOf(transition, notes);
    const asked = condition === null ? "" : `, ${condition}`;
    const done = transition.actions.length === 0 ? "" : `: ${transition.actions.join(", ")}`;
    return `${trigger}${asked}${done}`;
  };
  return writeSvg(picture, await layOut(picture), {
    title: `The chart of the machine "${name}"`,
    description: notes.summary,
    tooltip,
  });
}
