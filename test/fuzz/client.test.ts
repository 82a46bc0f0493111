import { expect, test } from "@jest/globals";
import { clients } from "./client.js";
import { runTarget } from "./target.js";

test("whatever a supervisor says, a client comes to results or SpliceErrors, and can be closed", async () => {
  const tally = await runTarget(clients, 20_260_101, clients.counts.test);
  const times = (...met: readonly string[]): number =>
    met.reduce((sum, each) => sum + (tally.get(each) ?? 0), 0);
  const came = (results: number): string => `${String(results)} of 4 came to a result`;
  const unconnected = times("no connection, error");
  const mixed = times(came(1), came(2), came(3));
  // Some supervisors do not even shake hands; of others some answers are right and some are not, so that both are tried.
  expect([unconnected > 0, mixed > 0]).toEqual([true, true]);
  expect(unconnected + mixed + times(came(0), came(4))).toBe(clients.counts.test);
}, 60_000);
