// events$ of connect() against real supervisors in processes of their own, which are killed and started again.

import { afterEach, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import { until } from "../harness.js";
import { Project } from "../cli/run-cli.js";

let project: Project;

afterEach(async () => {
  await project.nothingLeft();
  await project.clean();
});

test("events$ tells of every supervisor that the link comes to, and ends at close()", async () => {
  project = await Project.make();
  const first = await project.serve(["--log-level", "error"]);
  const splice = await connect({ socket: project.socket });
  const seen: string[] = [];
  splice.events$.subscribe({
    next: ({ type }) => seen.push(type),
    error: (error) => seen.push(String(error)),
    complete: () => seen.push("complete"),
  });
  /** What happens before the stream is there is not told; asked again, it is. */
  const killed = async (): Promise<void> => {
    const before = seen.length;
    await until("a worker's end is told", async () => {
      await splice.call("splice.kill", { worker: "app:1" });
      return seen.slice(before).includes("worker.exited");
    });
    await until("its successor is told", () => seen.slice(before).includes("worker.ready"));
  };
  await killed();
  first.child.kill("SIGKILL");
  await first.finished;
  const second = await project.serve(["--log-level", "error"]);
  await killed();
  second.child.kill("SIGTERM");
  await second.finished;
  expect(seen).toContain("supervisor.draining");
  const third = await project.serve(["--log-level", "error"]);
  await killed();
  expect(seen).not.toContain("complete");
  await splice.close();
  expect(seen.at(-1)).toBe("complete");
  third.child.kill("SIGTERM");
  await third.finished;
  expect(seen.filter((each) => each === "complete")).toHaveLength(1);
});
