// docs/reference/config.md from the types of the configuration (shape, meaning, unit) and from the comments on its
// defaults (the reason of each number).

import { readFileSync } from "node:fs";
import ts from "typescript";

/** @throws when a meaning names another default than the code has: both are on the page. */
export async function configPage(root) {
  const types = parse(root, "src/config/types.ts");
  const interfaces = new Map(
    types.statements.filter(ts.isInterfaceDeclaration).map((each) => [each.name.text, each]),
  );
  const aliases = new Map(
    types.statements
      .filter(ts.isTypeAliasDeclaration)
      .map((each) => [each.name.text, oneLine(each.type.getText(types))]),
  );
  const { defaults } = await import(new URL("modules/config/defaults.js", root).href);
  const reasons = reasonsOf(parse(root, "src/config/defaults.ts"));
  const intro = readFileSync(new URL("config-intro.md", import.meta.url), "utf8");
  const top = interfaces.get("SpliceConfig");
  const sections = [];
  const plain = [];
  for (const member of top.members) {
    const name = member.name.text;
    const type = member.type.getText(types).replace(/ \| undefined$/, "");
    const named = [...interfaces.keys()].find((each) => new RegExp(`\\b${each}\\b`).test(type));
    if (named === undefined) {
      plain.push(keySection(name, member, types, reasons, aliases));
      continue;
    }
    const isRecord = type !== named;
    const prefix = isRecord ? `${name}.<name>` : name;
    const section = interfaces.get(named);
    sections.push(
      [
        `## ${name}`,
        [docOf(section), docOf(member)].filter((text) => text !== "").join(" "),
        ...section.members.map((each) =>
          keySection(`${prefix}.${each.name.text}`, each, types, reasons, aliases),
        ),
      ].join("\n\n"),
    );
  }
  checkDefaults(defaults, [...plain, ...sections].join("\n\n"));
  return [
    "<!-- Written by `npm run docs` from src/config/types.ts and src/config/defaults.ts; edit there, or scripts/docs/config-intro.md. -->",
    intro.trim(),
    "## Keys of the first level",
    ...plain,
    ...sections,
  ].join("\n\n");
}

function keySection(path, member, source, reasons, aliases) {
  const type = member.type
    .getText(source)
    .replace(/ \| undefined$/, "")
    .replaceAll("readonly ", "");
  // What an alias stands for says more than its name.
  const shown = aliases.get(type) ?? type;
  const reason = reasons.get(path);
  return [
    `### ${path.includes("<") ? `\`${path}\`` : path}`,
    `\`${shown}\`. ${docOf(member)}`,
    ...(reason === undefined ? [] : [`_Why this default:_ ${reason}`]),
  ].join("\n\n");
}

function oneLine(text) {
  return text.replace(/\s+/g, " ").replace("( ", "(").replace(/, \)/, ")").replaceAll("readonly ", "");
}

function checkDefaults(values, page, prefix = "") {
  for (const [key, value] of Object.entries(values)) {
    const path = prefix + key;
    if (typeof value === "object" && !Array.isArray(value)) {
      checkDefaults(value, page, `${path}.`);
      continue;
    }
    const said = `Default ${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`;
    const [, section = ""] = page.split(`### ${path}\n`);
    const [meaning = ""] = section.split("\n\n");
    if (!new RegExp(`${said.replaceAll(/[[\]]/g, "\\$&")}(?![\\w])`).test(meaning))
      throw new Error(`src/config/types.ts does not say "${said}" of ${path}, which is what the code does.`);
  }
}

function docOf(node) {
  const [doc] = ts.getJSDocCommentsAndTags(node);
  const text = doc === undefined ? "" : (ts.getTextOfJSDocComment(doc.comment) ?? "");
  return text.replace(/\s+/g, " ").trim();
}

/** The comment lines above each key of `defaults`, by the key's path. */
function reasonsOf(source) {
  const found = new Map();
  const text = source.getFullText();
  const walk = (object, prefix) => {
    for (const property of object.properties) {
      const path = prefix === "" ? property.name.text : `${prefix}.${property.name.text}`;
      if (ts.isObjectLiteralExpression(property.initializer)) {
        walk(property.initializer, path);
        continue;
      }
      const comments = ts.getLeadingCommentRanges(text, property.getFullStart()) ?? [];
      const lines = comments.map(({ pos, end }) => text.slice(pos, end).replace(/^\/\/\s*/, ""));
      if (lines.length > 0) found.set(path, lines.join(" "));
    }
  };
  for (const statement of source.statements.filter(ts.isVariableStatement)) {
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (name.text === "defaults") walk(objectIn(initializer), "");
    }
  }
  return found;
}

/** Below `as const` and `satisfies`. */
function objectIn(expression) {
  return ts.isObjectLiteralExpression(expression) ? expression : objectIn(expression.expression);
}

function parse(root, path) {
  const text = readFileSync(new URL(path, root), "utf8");
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
}
