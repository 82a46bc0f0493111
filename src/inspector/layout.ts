// Where the boxes of a picture stand, how its edges run and where their labels are: asked of ELK, whose layered layout
// knows hierarchy. It is loaded when a picture is drawn, and gives the same places each time.

import type { ELK, ElkExtendedEdge, ElkNode, ElkPoint, LayoutOptions } from "elkjs/lib/elk-api.js";
import { insetPx, type Box, type Edge, type Picture } from "./picture.js";

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By the id of the state; the marks within it go by `dotOf` and `anyOf` that. */
  readonly places: ReadonlyMap<string, Place>;
  /** By the id of the edge; from the first dot to the state it begins in by that of the dot. */
  readonly lines: ReadonlyMap<string, readonly ElkPoint[]>;
  readonly labels: ReadonlyMap<string, Place>;
}

export const dotPx = 10;
export const anyPx = { width: 74, height: 22 };

/** Where a state begins. */
export function dotOf(stateId: string): string {
  return `${stateId}/initial`;
}

/** What stands within a state for whichever of its states there is. */
export function anyOf(stateId: string): string {
  return `${stateId}/any`;
}

/** Downwards: labels are wide and low, and pages are scrolled that way. */
const options: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=8,left=8,bottom=8,right=8]",
  "elk.edgeRouting": "ORTHOGONAL",
};

/** Close enough for the largest chart to be read as a whole, with room between lines that run side by side. */
const spacing: LayoutOptions = {
  "elk.spacing.nodeNode": "18",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "10",
  "elk.spacing.edgeLabel": "4",
  "elk.layered.spacing.nodeNodeBetweenLayers": "20",
  "elk.layered.spacing.edgeNodeBetweenLayers": "14",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "10",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.edgeLabels.centerLabelPlacementStrategy": "SPACE_EFFICIENT_LAYER",
  "elk.layered.thoroughness": "40",
};

let engine: Promise<ELK> | undefined;

async function loadEngine(): Promise<ELK> {
  const { default: exported } = await import("elkjs/lib/elk.bundled.js");
  return new exported.default();
}

export async function layOut({ root, edges }: Picture): Promise<Layout> {
  engine ??= loadEngine();
  const inward = new Set(edges.flatMap(({ source, isInward }) => (isInward ? [source] : [])));
  const ranks = ranksOf(root);
  const backward = new Set(edges.filter((edge) => isBackward(edge, ranks)).map(({ id }) => id));
  const graph: ElkNode = {
    id: "",
    layoutOptions: { ...options, ...spacing },
    children: [nodeOf(root, inward)],
    edges: [...initialEdges(root), ...edges.map((edge) => elkEdge(edge, ranks))],
  };
  const { width = 0, height = 0, children = [], edges: routed = [] } = await (await engine).layout(graph);
  const places = new Map<string, Place>();
  collect(children, places);
  const labels = new Map<string, Place>();
  const lines = new Map<string, readonly ElkPoint[]>();
  for (const { id, sections = [], labels: [label] = [] } of routed) {
    const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
      startPoint,
      ...bendPoints,
      endPoint,
    ]);
    lines.set(id, backward.has(id) ? points.reverse() : points);
    if (label !== undefined) labels.set(id, placeOf(label));
  }
  return { width, height, places, lines, labels };
}

function nodeOf(box: Box, inward: ReadonlySet<string>): ElkNode {
  const { state, widthPx: width, headPx: height, boxes } = box;
  if (boxes.length === 0) return { id: state.id, width, height };
  const dot: ElkNode[] =
    state.initial === null
      ? []
      : [
          {
            id: dotOf(state.id),
            width: dotPx,
            height: dotPx,
            layoutOptions: { "elk.layered.layering.layerConstraint": "FIRST" },
          },
        ];
  const any: ElkNode[] = inward.has(state.id) ? [{ id: anyOf(state.id), ...anyPx }] : [];
  const padding = `[top=${String(height + 10)},left=${String(insetPx + 4)},bottom=${String(insetPx + 4)},right=${String(insetPx + 4)}]`;
  return {
    id: state.id,
    children: [...dot, ...any, ...boxes.map((inner) => nodeOf(inner, inward))],
    layoutOptions: {
      ...spacing,
      "elk.padding": padding,
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${String(width)},${String(height)})`,
    },
  };
}

function initialEdges(box: Box): ElkExtendedEdge[] {
  const { state, boxes } = box;
  const first = boxes.find(({ state: { key } }) => key === state.initial);
  const id = dotOf(state.id);
  const layoutOptions = { "elk.layered.priority.shortness": "100" };
  const own = first === undefined ? [] : [{ id, sources: [id], targets: [first.state.id], layoutOptions }];
  return [...own, ...boxes.flatMap(initialEdges)];
}

function elkEdge(edge: Edge, ranks: ReadonlyMap<string, number>): ElkExtendedEdge {
  const { id, source, isInward, target, widthPx: width, heightPx: height } = edge;
  const label = { id: `${id}/label`, text: id, width, height };
  const ends = [isInward ? anyOf(source) : source, target];
  const [from = "", to = ""] = isBackward(edge, ranks) ? ends.reverse() : ends;
  return {
    id,
    sources: [from],
    targets: [to],
    labels: [{ ...label, layoutOptions: { "elk.edgeLabels.inline": "true" } }],
  };
}

/** It is laid out the other way round, so that what comes first stands first. */
function isBackward({ source, target }: Edge, ranks: ReadonlyMap<string, number>): boolean {
  return (ranks.get(target) ?? 0) < (ranks.get(source) ?? 0);
}

/** By its id, the place of each state in the chart as it is written: the order in which it is best read. */
function ranksOf(root: Box): ReadonlyMap<string, number> {
  return new Map(boxesOf(root).map(({ state }, rank) => [state.id, rank]));
}

function boxesOf(box: Box): readonly Box[] {
  return [box, ...box.boxes.flatMap(boxesOf)];
}

function collect(nodes: readonly ElkNode[], places: Map<string, Place>): void {
  for (const node of nodes) {
    places.set(node.id, placeOf(node));
    collect(node.children ?? [], places);
  }
}

function placeOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Place>): Place {
  return { x, y, width, height };
}
