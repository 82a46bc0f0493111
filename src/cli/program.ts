// The commands by name, with their flags and examples. What a command does is loaded only when it runs.

import { Command, CommanderError } from "commander";
import { messageOf } from "../errors.js";
import { version } from "../version.js";
import { errorAsJson, exitCodeOf, exitCodes, sentenceOf, UsageError } from "./exit.js";
import { toJson } from "./json.js";
import type { CallCommandOptions } from "./commands/call.js";
import { type CommonOptions, parseAuth, parseHeader, parseLogLevel, parseTimeout } from "./options.js";

/** Runs the command that `argv` (without node and script) names; resolves with the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    const isJson = argv.includes("--json");
    if (error instanceof CommanderError) {
      // Help and version end this way too, with code 0; commander has printed what there is to say.
      if (error.exitCode === 0) return exitCodes.ok;
      if (isJson) printErrorAsJson(new UsageError(error.message.replace(/^error: /, "")));
      return exitCodes.usage;
    }
    if (isJson) printErrorAsJson(error);
    const isVerbose = argv.includes("--verbose");
    const stack = error instanceof Error ? `\n${String(error.stack)}` : "";
    process.stderr.write(`${isVerbose ? `${messageOf(error)}${stack}` : sentenceOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function printErrorAsJson(error: unknown): void {
  process.stdout.write(`${String(toJson(errorAsJson(error)))}\n`);
}

function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("splice")
    .description("Runs functions in supervised worker processes.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("Run `splice --help` to see the commands.");
  common(program.command("serve"))
    .description("serve the functions of this folder until stopped")
    .addHelpText(
      "after",
      examples("splice serve", "splice serve --socket /run/app/splice.sock --log-level warn"),
    )
    .action(async (options: CommonOptions) => {
      const { runServe } = await import("./commands/serve.js");
      setExitCode(await runServe(options));
    });
  common(program.command("call"))
    .description("call a function and print its result as JSON")
    .argument("<function>", "the function's name, such as math.add")
    .argument("[params]", "its params: JSON, - for standard input, or @file")
    .option("--timeout <ms>", "give up after this many milliseconds", parseTimeout)
    .option("--header <name:value>", "a header the function can read; may be repeated", parseHeader)
    .option("--auth <user:role,role>", "who calls", parseAuth)
    .addHelpText(
      "after",
      examples(`splice call math.add '{"a":1,"b":2}'`, "splice call users.find @query.json --auth ada:admin"),
    )
    .action(async (name: string, params: string | undefined, options: CallCommandOptions) => {
      const { runCall } = await import("./commands/call.js");
      await runCall(name, params, options);
    });
  common(program.command("list"))
    .description("list the functions that can be called")
    .addHelpText("after", examples("splice list", "splice list --json"))
    .action(async (options: CommonOptions) => {
      const { runList } = await import("./commands/list.js");
      await runList(options);
    });
  return program;
}

function common(command: Command): Command {
  return command
    .exitOverride()
    .option("--socket <path>", "the supervisor's socket (default: .splice/splice.sock)")
    .option("--json", "print results and errors as JSON on stdout")
    .option("--verbose", "show stacks of errors")
    .option("--log-level <level>", "debug, info, warn or error", parseLogLevel, "info");
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}
