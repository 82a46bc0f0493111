// A laid-out chart as SVG. Each state and each transition carries its id as `data-id`, so that a page can light it; the
// colours are CSS variables with a light and a dark set. Nothing in it needs a script, a font or another file.

import type { ChartTransition } from "../machines/chart.js";
import { anyOf, dotOf, dotPx, type Layout, type Place } from "./layout.js";
import {
  insetPx,
  linePx,
  titlePx,
  type Box,
  type Edge,
  type Label,
  type Picture,
  type Span,
} from "./picture.js";
import { style } from "./svg-style.js";

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface SvgTexts {
  readonly title: string;
  readonly description: string;
  /** Of a transition, shown where the pointer rests on it. */
  readonly tooltip: (transition: ChartTransition) => string;
}

export function writeSvg({ root, edges }: Picture, layout: Layout, texts: SvgTexts): string {
  const [width, height] = [Math.ceil(layout.width), Math.ceil(layout.height)];
  const name = escapeXml(root.state.key);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" role="img" aria-labelledby="${name}-title ${name}-description">`,
    `<title id="${name}-title">${escapeXml(texts.title)}</title>`,
    `<desc id="${name}-description">${escapeXml(texts.description)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${String(width)}" height="${String(height)}"/>`,
    ...boxParts(root, layout),
    ...dotParts(root, layout),
    ...edges.flatMap((edge) => lineParts(edge, layout, texts)),
    ...wordParts(root, layout),
    ...anyParts(root, layout),
    ...edges.flatMap((edge) => labelParts(edge, layout, texts)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function boxParts(box: Box, layout: Layout, isRegion = false): string[] {
  const { state, boxes } = box;
  const place = layout.places.get(state.id);
  if (place === undefined) return [];
  const classes = ["state", state.kind, ...(isRegion ? ["region"] : [])];
  return [
    `<g class="${classes.join(" ")}" data-id="${escapeXml(state.id)}">`,
    ...(state.description === "" ? [] : [`<title>${escapeXml(state.description)}</title>`]),
    rect("box", place, 8),
    ...(state.kind === "final" ? [rect("inner", within(place, 3), 6)] : []),
    "</g>",
    ...boxes.flatMap((inner) => boxParts(inner, layout, state.kind === "parallel")),
  ];
}

/** Above the lines too: some run from outside into a state, past its words. */
function wordParts({ state, lines, boxes }: Box, layout: Layout): string[] {
  const place = layout.places.get(state.id);
  if (place === undefined) return [];
  const left = place.x + insetPx;
  const top = place.y + titlePx + insetPx / 2;
  return [
    `<g class="words ${state.kind}" data-id="${escapeXml(state.id)}">`,
    text("title", left, place.y + titlePx - 2, escapeXml(state.key)),
    ...lines.map((spans, index) =>
      text("text", left, top + (index + 0.7) * linePx, spans.map(spanText).join("")),
    ),
    "</g>",
    ...boxes.flatMap((inner) => wordParts(inner, layout)),
  ];
}

function spanText({ text: said, transitions }: Span): string {
  if (transitions.length === 0) return escapeXml(said);
  return `<tspan class="inside" ${dataId(transitions)}>${escapeXml(said)}</tspan>`;
}

/** A list as of class names: `[data-id~="…"]` finds each. */
function dataId(transitions: readonly ChartTransition[]): string {
  return `data-id="${escapeXml(transitions.map(({ id }) => id).join(" "))}"`;
}

function dotParts(box: Box, layout: Layout): string[] {
  const id = dotOf(box.state.id);
  const place = layout.places.get(id);
  const line = layout.lines.get(id);
  const own =
    place === undefined || line === undefined
      ? []
      : [
          `<g class="initial"><circle cx="${px(place.x + dotPx / 2)}" cy="${px(place.y + dotPx / 2)}" r="${px(dotPx / 2)}"/>${arrow(line)}</g>`,
        ];
  return [...own, ...box.boxes.flatMap((inner) => dotParts(inner, layout))];
}

function anyParts(box: Box, layout: Layout): string[] {
  const place = layout.places.get(anyOf(box.state.id));
  const own =
    place === undefined
      ? []
      : [
          `<g class="any">${rect("pill", place, place.height / 2)}${text("text", place.x + place.width / 2, place.y + 15, "any state")}</g>`,
        ];
  return [...own, ...box.boxes.flatMap((inner) => anyParts(inner, layout))];
}

/** A line for each transition, even where others run along it, so that each can be lit. */
function lineParts({ id, labels }: Edge, layout: Layout, texts: SvgTexts): string[] {
  const line = layout.lines.get(id);
  if (line === undefined) return [];
  return labels.map(({ transition }) => edgePart(transition, arrow(line), texts));
}

/** Above all lines, none of which so runs through a text. */
function labelParts({ id, labels }: Edge, layout: Layout, texts: SvgTexts): string[] {
  const place = layout.labels.get(id);
  if (place === undefined) return [];
  let top = place.y + 3;
  return labels.map((label) => {
    const height = (label.trigger.length + label.condition.length) * linePx;
    const part = edgePart(label.transition, labelPart(label, { ...place, y: top, height }), texts);
    top += height;
    return part;
  });
}

function edgePart(transition: ChartTransition, content: string, texts: SvgTexts): string {
  const title = `<title>${escapeXml(texts.tooltip(transition))}</title>`;
  return `<g class="edge" ${dataId([transition])}>${title}${content}</g>`;
}

function labelPart({ trigger, condition }: Label, { x, y, width, height }: Place): string {
  const lines = [
    ...trigger.map((line) => ({ line, name: "event" })),
    ...condition.map((line) => ({ line, name: "condition" })),
  ];
  const back = rect("label", { x, y, width, height }, 0);
  const texts = lines.map(({ line, name }, index) =>
    text(name, x + width / 2, y + (index + 0.75) * linePx, escapeXml(line)),
  );
  return back + texts.join("");
}

const arrowPx = 8;
const bendPx = 6;

/** A line with round bends, and its head at the end. */
function arrow(points: readonly Point[]): string {
  const last = points.at(-1);
  const beforeLast = points.at(-2);
  if (last === undefined || beforeLast === undefined) return "";
  const [dx, dy] = directionOf(beforeLast, last);
  const neck = { x: last.x - dx * arrowPx, y: last.y - dy * arrowPx };
  const [sideX, sideY] = [-dy * (arrowPx / 2), dx * (arrowPx / 2)];
  const corners = [last, { x: neck.x + sideX, y: neck.y + sideY }, { x: neck.x - sideX, y: neck.y - sideY }];
  const head = corners.map(({ x, y }) => `${px(x)},${px(y)}`).join(" ");
  return `<path class="line" d="${pathOf([...points.slice(0, -1), neck])}"/><polygon class="head" points="${head}"/>`;
}

function pathOf(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (before === undefined) return `M${at(point)}`;
      if (after === undefined) return `L${at(point)}`;
      const inward = toward(point, before);
      const outward = toward(point, after);
      return `L${at(inward)}Q${at(point)} ${at(outward)}`;
    })
    .join("");
}

/** A little way from one point to another, never beyond half of it. */
function toward(from: Point, to: Point): Point {
  const [dx, dy] = directionOf(from, to);
  const length = Math.min(bendPx, Math.hypot(to.x - from.x, to.y - from.y) / 2);
  return { x: from.x + dx * length, y: from.y + dy * length };
}

function directionOf(from: Point, to: Point): readonly [number, number] {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return [(to.x - from.x) / length, (to.y - from.y) / length];
}

function rect(name: string, { x, y, width, height }: Place, radius: number): string {
  return `<rect class="${name}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="${px(radius)}"/>`;
}

function within({ x, y, width, height }: Place, inset: number): Place {
  return { x: x + inset, y: y + inset, width: width - 2 * inset, height: height - 2 * inset };
}

function text(name: string, x: number, y: number, content: string): string {
  return `<text xml:space="preserve" class="${name}" x="${px(x)}" y="${px(y)}">${content}</text>`;
}

function at({ x, y }: Point): string {
  return `${px(x)} ${px(y)}`;
}

/** To a tenth, which nobody sees, so that files stay small. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeXml(value: string): string {
  return value.replace(/[&<>"]/g, (char) => entities[char] ?? char);
}
