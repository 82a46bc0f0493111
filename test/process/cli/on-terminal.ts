// The built command line on a terminal of its own, by `script` of util-linux: keys in, and the screen as it is now.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { until } from "../harness.js";
import { main, type Project } from "./run-cli.js";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export class OnTerminal {
  readonly child: ChildProcess;
  /** With the exit code of the command. */
  readonly finished: Promise<number | null>;
  /** Everything that was written to the terminal. */
  output = "";

  constructor(
    project: Project,
    args: readonly string[],
    { columns, rows }: TerminalSize = { columns: 100, rows: 30 },
    env: Readonly<Record<string, string>> = {},
  ) {
    if (spawnSync("script", ["--version"]).status !== 0)
      throw new Error("The program `script` (util-linux) is needed for this test: install bsdutils.");
    const command = `stty cols ${String(columns)} rows ${String(rows)}; exec '${process.execPath}' '${main}' ${args.join(" ")}`;
    this.child = spawn("script", ["-qefc", command, "/dev/null"], {
      cwd: project.folder,
      env: { ...process.env, NODE_OPTIONS: "", TERM: "xterm-256color", ...env },
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.finished = new Promise((resolve) => {
      this.child.on("close", resolve);
    });
  }

  press(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** Lines of the screen, without colours. */
  get screen(): readonly string[] {
    const lines: (string | undefined)[] = [];
    const pieces = /\u001b\[2J|\u001b\[(\d+);1H(.*?)\u001b\[0m\u001b\[K/gs;
    for (const [piece, row, text] of this.output.matchAll(pieces)) {
      if (piece === "\u001b[2J") lines.length = 0;
      else lines[Number(row) - 1] = stripVTControlCharacters(text ?? "");
    }
    return Array.from(lines, (line) => line ?? "");
  }

  async shows(text: string | RegExp): Promise<void> {
    const matches = (): boolean => {
      const screen = this.screen.join("\n");
      return typeof text === "string" ? screen.includes(text) : text.test(screen);
    };
    await until(`the screen shows ${String(text)}`, matches).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.screen.join("\n")}`);
    });
  }
}
