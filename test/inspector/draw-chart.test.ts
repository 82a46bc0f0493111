// What is looked at by people is looked at here by its numbers: everything is there, nothing overlaps and nothing is cut.

import { beforeAll, describe, expect, test } from "@jest/globals";
import { createMachine } from "xstate";
import { drawChart } from "../../src/inspector/draw-chart.js";
import { eventFont, textFont, titleFont } from "../../src/inspector/picture.js";
import { widthOf, type Font } from "../../src/inspector/text.js";
import { catalogue } from "../../src/machines/catalogue.js";
import { readChart, statesOf } from "../../src/machines/chart.js";

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const unescaped = (text: string): string =>
  text.replace(/&(?:lt|gt|quot|amp);/g, (each) => ({ "&lt;": "<", "&gt;": ">", "&quot;": '"' })[each] ?? "&");

function attributes(tag: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...tag.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
}

function rectsOf(svg: string, name: string): readonly Rect[] {
  return [...svg.matchAll(new RegExp(`<rect class="${name}"[^>]*>`, "g"))].map(([tag]) => {
    const { x, y, width, height } = attributes(tag);
    return { x: Number(x), y: Number(y), width: Number(width), height: Number(height) };
  });
}

/** Every text with the room it takes by the table of widths. */
function textsOf(svg: string): readonly (Rect & { readonly said: string; readonly name: string })[] {
  const fonts: Readonly<Record<string, Font>> = { title: titleFont, event: eventFont };
  return [...svg.matchAll(/<text ([^>]*)>(.*?)<\/text>/g)].map(([, tag = "", inner = ""]) => {
    const { x, y, class: name = "" } = attributes(tag);
    const said = unescaped(inner.replace(/<[^>]*>/g, ""));
    const width = widthOf(said, fonts[name] ?? textFont);
    const isCentred = name === "event" || name === "condition" || said === "any state";
    return { said, name, x: Number(x) - (isCentred ? width / 2 : 0), y: Number(y) - 10, width, height: 12 };
  });
}

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const holds = (outer: Rect, inner: Rect): boolean =>
  inner.x >= outer.x - 0.1 &&
  inner.y >= outer.y - 0.1 &&
  inner.x + inner.width <= outer.x + outer.width + 0.1 &&
  inner.y + inner.height <= outer.y + outer.height + 0.1;

/** Throws where a tag is not closed in its turn. */
function checkNesting(svg: string): void {
  const open: string[] = [];
  for (const [, slash, name = "", rest = ""] of svg.matchAll(/<(\/?)([\w]+)([^>]*)>/g)) {
    if (slash === "/") expect(open.pop()).toBe(name);
    else if (!rest.endsWith("/")) open.push(name);
  }
  expect(open).toEqual([]);
}

describe.each(catalogue)("the picture of $name", (entry) => {
  let svg = "";
  beforeAll(async () => {
    svg = await drawChart(entry);
  }, 60_000);
  const states = statesOf(readChart(entry.machine));

  test("is the same each time, and is nested as XML has to be", async () => {
    expect(await drawChart(entry)).toBe(svg);
    checkNesting(svg);
    expect(svg).not.toMatch(/NaN|undefined|null"/);
  }, 60_000);

  test("has each state and each transition by its id", () => {
    const ids = [...svg.matchAll(/data-id="([^"]*)"/g)].flatMap(([, list = ""]) =>
      unescaped(list).split(" "),
    );
    const known = states.flatMap(({ id, transitions }) => [id, ...transitions.map((each) => each.id)]);
    expect([...new Set(ids)].sort()).toEqual([...known].sort());
  });

  test("has a title and a description, and names both as its label", () => {
    const [, title = "", description = ""] = /aria-labelledby="(\S+) (\S+)"/.exec(svg) ?? [];
    expect(svg).toContain(`<title id="${title}">The chart of the machine`);
    expect(svg).toContain(`<desc id="${description}">`);
    expect(svg).toContain('role="img"');
  });

  test("cuts no text: each fits into a box or a label, and all is within the picture", () => {
    const { width, height } = attributes(/<svg [^>]*>/.exec(svg)?.[0] ?? "");
    const paper = { x: 0, y: 0, width: Number(width), height: Number(height) };
    const holders = [...rectsOf(svg, "box"), ...rectsOf(svg, "label"), ...rectsOf(svg, "pill")];
    for (const holder of holders) expect(holds(paper, holder)).toBe(true);
    for (const text of textsOf(svg))
      expect([text.said, holders.some((holder) => holds(holder, text))]).toEqual([text.said, true]);
  });

  test("has no label over another, nor over a box that it is not in", () => {
    const labels = rectsOf(svg, "label");
    labels.forEach((label, index) => {
      for (const other of labels.slice(index + 1)) expect(overlap(label, other)).toBe(false);
      for (const box of rectsOf(svg, "box")) expect(!overlap(label, box) || holds(box, label)).toBe(true);
      for (const { name, ...text } of textsOf(svg))
        if (name === "title" || name === "text")
          expect([text.said, overlap(label, text)]).toEqual([text.said, false]);
    });
  });

  test("is of a size that a page can hold: neither a wall nor a ribbon", () => {
    const { width, height } = attributes(/<svg [^>]*>/.exec(svg)?.[0] ?? "");
    expect(Number(width)).toBeLessThan(1700);
    expect(Number(height) / Number(width)).toBeLessThan(3);
  });
});

test("what means something in XML is escaped wherever it is said", async () => {
  const machine = createMachine({
    id: "m",
    initial: "a",
    states: {
      a: {
        meta: { description: 'Less < than "all" & more.' },
        on: { "x.<y>": { guard: "odd", target: "b" } },
      },
      b: {},
    },
  } as never);
  const notes = {
    summary: "A & B.",
    place: "",
    events: {},
    emits: {},
    guards: { odd: "1 < 2" },
    delays: {},
    actors: {},
  };
  const svg = await drawChart({ name: "call", machine, notes });
  expect(svg).toContain("Less &lt; than &quot;all&quot; &amp; more.");
  expect(svg).toContain("if 1 &lt; 2");
  expect(svg).toContain('data-id="m.a|x.&lt;y&gt;|0"');
  expect(svg).toContain("A &amp; B.");
  checkNesting(svg.replace(/"[^"]*"/g, '""'));
});

test("has a light and a dark set of the same colours", async () => {
  const [entry] = catalogue;
  const svg = entry === undefined ? "" : await drawChart(entry);
  const [light, dark] = [...svg.matchAll(/\.chart\{(--[^}]*)\}/g)].map(([, list = ""]) =>
    list.split(";").map((each) => each.split(":")[0]),
  );
  expect(light?.length).toBeGreaterThan(5);
  expect(dark).toEqual(light);
  expect(svg).toContain("@media (prefers-color-scheme:dark)");
});
