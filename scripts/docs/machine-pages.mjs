// docs/machines/: a page and a picture for each statechart, from the charts themselves and from the notes beside them, and
// an index that says how they hang together.

import { readFileSync } from "node:fs";

const written = (name) =>
  `<!-- Written by \`npm run docs\` from src/machines/${name}/machine.ts and notes.ts; edit there. -->`;

/** By their paths: Markdown pages, and pictures, which are written as they are. */
export async function machinePages(root) {
  const load = (path) => import(new URL(`modules/${path}`, root).href);
  const { catalogue } = await load("machines/catalogue.js");
  const { outsiders } = await load("machines/notes.js");
  const { readChart, statesOf } = await load("machines/chart.js");
  const { drawChart } = await load("inspector/draw-chart.js");
  const pages = { "docs/machines/README.md": indexPage(catalogue) };
  for (const entry of catalogue) {
    const all = statesOf(readChart(entry.machine));
    const [, ...states] = all;
    pages[`docs/machines/${entry.name}.md`] = machinePage(entry, { states, all, catalogue, outsiders });
    pages[`docs/machines/${entry.name}.svg`] = await drawChart(entry);
  }
  return pages;
}

function indexPage(catalogue) {
  const intro = readFileSync(new URL("machines-intro.md", import.meta.url), "utf8");
  const rows = catalogue.map(({ name, notes }) => [
    `[${title(name)}](${name}.md)`,
    notes.summary,
    notes.place,
  ]);
  return [
    "<!-- Written by `npm run docs`; edit scripts/docs/machines-intro.md, or the notes in src/machines/. -->",
    intro.trim(),
    table(["machine", "what it decides", "how many there are"], rows),
  ].join("\n\n");
}

function machinePage({ name, notes }, { states, all, catalogue, outsiders }) {
  const who = (sender) => (sender in outsiders ? outsiders[sender] : `[${sender}](${sender}.md)`);
  const path = (id) => (id === name ? "every state" : `\`${id.slice(name.length + 1)}\``);
  const heardIn = (event) =>
    all.flatMap(({ id, transitions }) =>
      transitions.some(({ trigger }) => trigger.kind === "event" && trigger.name === event) ? [path(id)] : [],
    );
  const heard = Object.entries(notes.events).map(([event, { sort, from, means }]) => [
    `\`${event}\``,
    sort,
    from.map(who).join("; "),
    means,
    heardIn(event).join(", "),
  ]);
  const said = catalogue.flatMap((other) =>
    Object.entries(other.notes.events)
      .filter(([, { from }]) => from.includes(name))
      .map(([event, { sort, means }]) => [`\`${event}\``, sort, who(other.name), means]),
  );
  const emitted = Object.entries(notes.emits).map(([event, note]) => [`\`${event}\``, note.for]);
  const invokedIn = all.flatMap(({ id, invokes }) => invokes.map((actor) => [`\`${actor}\``, path(id)]));
  return [
    written(name),
    `# ${title(name)}`,
    `${notes.summary} ${notes.place} [All machines](README.md).`,
    `[![The chart of the machine ${name}](${name}.svg)](${name}.svg)`,
    "A rounded box is a state, a dot is where a state with states begins, and a dashed box is a region beside others. " +
      "What a state handles without leaving it, and what it ignores, is listed in its box. " +
      `\`splice machines ${name}\` gives the same as a Mermaid diagram, as JSON or as this picture.`,
    "## States",
    table(
      ["state", "what it is", "runs"],
      states.map(({ id, description, invokes }) => [
        path(id),
        description,
        invokes.map((each) => `\`${each}\``).join(", "),
      ]),
    ),
    "## Events it hears",
    table(["event", "sort", "sent by", "what it says", "heard in"], heard),
    ...section("## Events it sends", ["event", "sort", "who listens", "what it says"], said),
    ...section("## Events for whoever watches from outside", ["fact", "who acts on it"], emitted),
    ...section(
      "## Delays",
      ["delay", "by default", "what it is"],
      Object.entries(notes.delays).map(([delay, { byDefault, means }]) => [`\`${delay}\``, byDefault, means]),
    ),
    ...section(
      "## Guards",
      ["guard", "holds if"],
      Object.entries(notes.guards).map(([guard, words]) => [`\`${guard}\``, words]),
    ),
    ...section(
      "## Actors",
      ["actor", "what it does"],
      Object.entries(notes.actors).map(([actor, means]) => [`\`${actor}\``, means]),
    ),
    ...section("### Running while a state is", ["actor", "state"], invokedIn),
  ].join("\n\n");
}

/** Nothing where there is nothing to tell. */
function section(heading, columns, rows) {
  return rows.length === 0 ? [] : [heading, table(columns, rows)];
}

function table(columns, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}

function title(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
