// The commands by name, with their flags and examples. What a command does is loaded only when it runs.

import { Command, CommanderError } from "commander";
import { version } from "../version.js";
import { errorAsJson, exitCodeOf, exitCodes, sentenceOf, UsageError } from "./exit.js";
import { toJson } from "../contract/json.js";
import type { BuildCommandOptions } from "./commands/build.js";
import type { CallCommandOptions } from "./commands/call.js";
import type { DevCommandOptions } from "./commands/dev.js";
import type { InitCommandOptions } from "./commands/init.js";
import type { InspectCommandOptions } from "./commands/inspect.js";
import type { LogsCommandOptions } from "./commands/logs.js";
import type { ConformCommandOptions } from "./commands/conform.js";
import type { MachinesCommandOptions } from "./commands/machines.js";
import type { ReloadCommandOptions } from "./commands/reload.js";
import type { ServeCommandOptions } from "./commands/serve.js";
import type { StatusCommandOptions } from "./commands/status.js";
import type { StopCommandOptions } from "./commands/stop.js";
import {
  type CommonOptions,
  parseAuth,
  parseChartFormat,
  parseDefaultTimeout,
  parseDrain,
  parseHeader,
  parseInspector,
  parseLink,
  parseLogLevel,
  parseMaxConcurrency,
  parsePatience,
  parsePort,
  parseRequestId,
  parseTail,
  parseTemplate,
  parseTimeout,
  statelyPage,
} from "./options.js";

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
    // A stack begins with the message.
    const stack = isVerbose && error instanceof Error ? error.stack : undefined;
    process.stderr.write(`${stack ?? sentenceOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function printErrorAsJson(error: unknown): void {
  process.stdout.write(`${String(toJson(errorAsJson(error)))}\n`);
}

/** All commands; `setExitCode` hears of an exit code that is not an error's. */
export function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("splice")
    .description("Runs functions in supervised worker processes.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("Run `splice --help` to see the commands.")
    .addHelpText(
      "after",
      "\nOptions such as --socket and --json go after the command.\n" +
        "Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 no supervisor.",
    );
  common(program.command("init"))
    .description("make a new project: a function, its test, a configuration, and the commands to run them")
    .argument("[dir]", "its folder, new or empty (default: this one)")
    .option("--template <name>", "minimal (JavaScript) or typescript", parseTemplate, "minimal")
    .option(
      "--runtime <spec>",
      "what its package.json has as splice-runtime: a version, a URL, a tarball " +
        "(default: what this command was itself installed from)",
    )
    .addHelpText(
      "after",
      examples(
        "splice init my-app",
        "splice init my-app --template typescript",
        "npx --package ./splice-runtime-0.1.0.tgz splice init my-app",
        "splice init . --runtime ^0.1.0 --json",
      ),
    )
    .action(async (dir: string | undefined, options: InitCommandOptions) => {
      const { runInit } = await import("./commands/init.js");
      await runInit(dir, options);
    });
  common(program.command("dev"))
    .description("serve the functions of this folder while you write them: each edit is reloaded")
    .option("--debug <pool>", debugText)
    .addHelpText(
      "after",
      "\nKeys: r reload, c clear the log, l what the log shows, q quit (again: at once)." +
        examples("splice dev", "splice dev --debug app", "splice dev 2>&1 | tee dev.log"),
    )
    .action(async (options: DevCommandOptions) => {
      const { runDev } = await import("./commands/dev.js");
      setExitCode(await runDev(options));
    });
  common(program.command("serve"))
    .description("serve the functions of this folder until stopped")
    .option("--dist <dir>", "serve the folder that `splice build` made, in place of the configured pools")
    .option("--worker <command>", "run this program as the workers, in place of the configured pools")
    .option("--link <kind>", "how --worker is reached: inherit (descriptor 3) or socket (a path)", parseLink)
    .option(
      "--strict",
      "stop, with exit code 1, when a pool's workers end so often that none is started any more",
    )
    .option("--watch", "reload a pool when a file that it is made from changes")
    .option("--allow-breaking", "reload also what callers would miss something of (reload.allowBreaking)")
    .option("--debug <pool>", `with --watch: ${debugText}`)
    .option("--max-concurrency <n>", "calls under way at once (limits.maxInFlight)", parseMaxConcurrency)
    .option(
      "--timeout <ms>",
      "deadline of calls that name none (limits.defaultTimeoutMs)",
      parseDefaultTimeout,
    )
    .addHelpText(
      "after",
      examples(
        "splice serve",
        "splice serve --socket /run/app/splice.sock --log-level warn",
        "splice serve --watch --allow-breaking",
        "splice serve --dist dist --strict",
        `splice serve --worker "python3 worker.py --quiet" --max-concurrency 64`,
      ),
    )
    .action(async (options: ServeCommandOptions) => {
      const { runServe } = await import("./commands/serve.js");
      setExitCode(await runServe(options));
    });
  common(program.command("build"))
    .description("build a folder that is served without this project, its sources and a bundler")
    .option("--out <dir>", "the folder, which is replaced as a whole", "dist")
    .addHelpText(
      "after",
      examples("splice build", "splice build --out release", "splice build --json | jq -r .pools[].hash"),
    )
    .action(async (options: BuildCommandOptions) => {
      const { runBuild } = await import("./commands/build.js");
      await runBuild(options);
    });
  common(program.command("call"))
    .description("call a function and print its result as JSON, or each item of a stream as a line of it")
    .argument("<function>", "the function's name, such as math.add")
    .argument("[params]", "its params: JSON, - for standard input, or @file")
    .option("--timeout <ms>", "give up after this many milliseconds", parseTimeout)
    .option("--header <name:value>", "a header the function can read; may be repeated", parseHeader)
    .option("--auth <user:role,role>", "who calls", parseAuth)
    .addHelpText(
      "after",
      examples(
        `splice call math.add '{"a":1,"b":2}'`,
        "splice call users.find @query.json --auth ada:admin",
        `splice call feed.ticks '{"n":1000}' | head -3`,
        "splice call splice.events",
      ),
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
  common(program.command("status"))
    .description("show the supervisor, its workers and its functions")
    .option("--watch", "show it again every second, and when something happens, until Ctrl-C")
    .addHelpText("after", examples("splice status", "splice status --watch", "splice status --json"))
    .action(async (options: StatusCommandOptions) => {
      const { runStatus } = await import("./commands/status.js");
      await runStatus(options);
    });
  common(program.command("reload"))
    .description("run what the files hold now in new workers, while the calls of the old ones end")
    .argument("[pool]", "the pool (default: all)")
    .option("--wait", "wait also until the old workers are gone")
    .addHelpText(
      "after",
      examples("splice reload", "splice reload app --wait", "splice reload --json | jq .pools[].verdict"),
    )
    .action(async (pool: string | undefined, options: ReloadCommandOptions) => {
      const { runReload } = await import("./commands/reload.js");
      setExitCode(await runReload(pool, options));
    });
  common(program.command("logs"))
    .description("print the supervisor's log, as much as it keeps of it")
    .option("-f, --follow", "go on with what is logged from now on, until Ctrl-C")
    .option("--tail <n>", "begin with the last n lines (default: all that are kept)", parseTail)
    .addHelpText(
      "after",
      examples(
        "splice logs --tail 20",
        "splice logs -f --tail 0 --log-level warn",
        "splice logs -f --json | jq .message",
      ),
    )
    .action(async (options: LogsCommandOptions) => {
      const { runLogs } = await import("./commands/logs.js");
      await runLogs(options);
    });
  common(program.command("why"))
    .description("tell what became of a recent call, step by step")
    .argument("<requestId>", "its number, from its error or from the log", parseRequestId)
    .addHelpText("after", examples("splice why 42", "splice why 42 --json"))
    .action(async (requestId: number | bigint, options: CommonOptions) => {
      const { runWhy } = await import("./commands/why.js");
      setExitCode(await runWhy(requestId, options));
    });
  common(program.command("inspect"))
    .description(
      "watch the supervisor's statecharts as they change: in a browser with --stately, or as lines with --json",
    )
    .option("--stately", "in Stately's inspector: prints the address of a page, until Ctrl-C")
    .option("--port <n>", "the port of that page (default: any that is free)", parsePort)
    .option("--inspector <url>", `the inspector's own page (default: ${statelyPage})`, parseInspector)
    .addHelpText(
      "after",
      examples(
        "splice inspect --stately",
        "splice inspect --stately --port 8123",
        "splice inspect --json | jq -c 'select(.type == \"transition.taken\")'",
      ),
    )
    .action(async (options: InspectCommandOptions) => {
      const { runInspect } = await import("./commands/inspect.js");
      await runInspect(options);
    });
  common(program.command("stop"))
    .description("stop the supervisor and wait until it is gone")
    .option("--drain <ms>", "let calls under way end for this long (default: shutdown.drainMs)", parseDrain)
    .addHelpText("after", examples("splice stop", "splice stop --drain 0"))
    .action(async (options: StopCommandOptions) => {
      const { runStop } = await import("./commands/stop.js");
      await runStop(options);
    });
  common(program.command("conform"))
    .description("play the scenarios of the protocol with a worker program, and say which rules hold")
    .argument("<worker command>", "the program with its arguments, as serve --worker takes it")
    .option("--link <kind>", "how it is reached: inherit (descriptor 3) or socket (a path)", parseLink)
    .option("--only <text>", "only the rules that have this in their name")
    .option("--patience <ms>", "wait so long for what has to come (default: 5000)", parsePatience)
    .addHelpText(
      "after",
      examples(
        `splice conform "python3 worker.py"`,
        `splice conform "./target/release/worker --quiet" --link socket`,
        `splice conform "python3 worker.py" --only cancel/`,
        `splice conform "python3 worker.py" --json`,
      ),
    )
    .action(async (workerCommand: string, options: ConformCommandOptions) => {
      const { runConform } = await import("./commands/conform.js");
      setExitCode(await runConform(workerCommand, options));
    });
  common(program.command("machines"))
    .description("list the statecharts that supervise, or show one of them")
    .argument("[name]", "the machine to show, such as worker")
    .option(
      "--format <form>",
      "mermaid (for a Markdown page; the default), json (for Stately Studio) or svg (a picture)",
      parseChartFormat,
    )
    .addHelpText(
      "after",
      examples(
        "splice machines",
        "splice machines worker",
        "splice machines worker --format svg > worker.svg",
        "splice machines breaker --format json > breaker.json",
      ),
    )
    .action(async (name: string | undefined, options: MachinesCommandOptions) => {
      const { runMachines } = await import("./commands/machines.js");
      await runMachines(name, options);
    });
  common(program.command("doctor"))
    .description("look at what a supervisor needs here and say what is wrong")
    .addHelpText("after", examples("splice doctor", "splice doctor --json"))
    .action(async (options: CommonOptions) => {
      const { runDoctor } = await import("./commands/doctor.js");
      setExitCode(await runDoctor(options));
    });
  return program;
}

const debugText = "run the one worker of this pool under Node's debugger, on loopback";

function common(command: Command): Command {
  return command
    .exitOverride()
    .showHelpAfterError(`Run \`splice ${command.name()} --help\` to see its options.`)
    .option(
      "--socket <path>",
      "the supervisor's socket (default: the configuration's, or .splice/splice.sock)",
    )
    .option("--config <path>", "the configuration file (default: splice.config.ts, .mts, .js or .mjs here)")
    .option("--json", "print results and errors as JSON on stdout")
    .option("--verbose", "show stacks of errors")
    .option("--log-level <level>", "debug, info, warn or error", parseLogLevel, "info");
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}
