// The commands by name, with their flags and examples. What a command does is loaded only when it runs.

import { Command, CommanderError } from "commander";
import { messageOf } from "../errors.js";
import { version } from "../version.js";
import { errorAsJson, exitCodeOf, exitCodes } from "./exit.js";
import { parseAuth, parseHeader, parseLogLevel, parseTimeout } from "./options.js";

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
    if (error instanceof CommanderError) {
      // Help and version end this way too, with code 0; commander has printed what there is to say.
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    const isVerbose = argv.includes("--verbose");
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify(errorAsJson(error), bigintAsText)}\n`);
    const stack = isVerbose && error instanceof Error ? `\n${String(error.stack)}` : "";
    process.stderr.write(`${messageOf(error)}${stack}\n`);
    return exitCodeOf(error);
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("splice")
    .description("Runs functions in supervised worker processes.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("Run `splice --help` to see the commands.");
  common(program.command("serve"))
    .description("serve the functions of this folder until stopped")
    .addHelpText("after", examples("splice serve", "splice serve --socket /run/app/splice.sock --log-level warn"))
    .action(async (options) => {
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
    .addHelpText("after", examples(`splice call math.add '{"a":1,"b":2}'`, "splice call users.find @query.json --auth ada:admin"))
    .action(async (name: string, params: string | undefined, options) => {
      const { runCall } = await import("./commands/call.js");
      await runCall(name, params, options);
    });
  common(program.command("list"))
    .description("list the functions that can be called")
    .addHelpText("after", examples("splice list", "splice list --json"))
    .action(async (options) => {
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
