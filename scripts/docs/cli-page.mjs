// docs/reference/cli.md from the command line's own definitions: what `splice <command> --help` says, as a page.

import { readFileSync } from "node:fs";

/** The options that every command takes are told once. */
const shared = ["--socket", "--config", "--json", "--verbose", "--log-level"];

export async function cliPage(root) {
  const { buildProgram } = await import(new URL("modules/cli/program.js", root).href);
  const program = buildProgram(() => undefined);
  const intro = readFileSync(new URL("cli-intro.md", import.meta.url), "utf8");
  const [first] = program.commands;
  const common = optionsOf(first).filter((option) => shared.includes(option.long));
  return [
    "<!-- Written by `npm run docs` from src/cli/program.ts; edit there, or scripts/docs/cli-intro.md. -->",
    intro.trim(),
    "## Options of every command",
    table(common),
    ...program.commands.map(commandSection),
  ].join("\n\n");
}

function commandSection(command) {
  const own = optionsOf(command).filter((option) => !shared.includes(option.long));
  const described = command.registeredArguments.filter((argument) => argument.description !== "");
  const parts = [`## splice ${command.name()}`, sentence(command.description())];
  parts.push(["```sh", `splice ${command.name()} ${command.usage()}`, "```"].join("\n"));
  if (described.length > 0) {
    parts.push(["| argument | meaning |", "| --- | --- |", ...described.map(argumentRow)].join("\n"));
  }
  if (own.length > 0) parts.push(table(own));
  const examples = examplesOf(command);
  if (examples.length > 0) parts.push(["```sh", ...examples, "```"].join("\n"));
  return parts.join("\n\n");
}

function argumentRow(argument) {
  const shown = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return `| \`${shown}\` | ${cell(argument.description)} |`;
}

function optionsOf(command) {
  return command.options.filter((option) => !option.hidden);
}

function table(options) {
  const rows = options.map(({ flags, description, defaultValue }) => {
    const fallback = defaultValue === undefined ? "" : ` (default: ${String(defaultValue)})`;
    return `| \`${flags}\` | ${cell(description + fallback)} |`;
  });
  return ["| option | meaning |", "| --- | --- |", ...rows].join("\n");
}

function examplesOf(command) {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [, examples = ""] = help.split("\nExamples:\n");
  return examples
    .split("\n")
    .map((line) => line.trim().replace(/^\$ /, ""))
    .filter((line) => line !== "");
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
