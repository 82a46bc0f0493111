// Act 5: what the runtime does is a set of statecharts, and whoever wants can watch them.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { act, say, show } from "../stage.mjs";

const bin = fileURLToPath(new URL("./cli/main.js", import.meta.resolve("splice-runtime")));

export async function theCharts(splice) {
  act(5, "the charts are what runs");
  const { stdout } = await promisify(execFile)(process.execPath, [bin, "machines", "--json"]);
  const machines = JSON.parse(stdout);
  say(`${machines.map(({ name }) => name).join(", ")}: ${machines.length} charts, watched from here on.`);
  const watch = new Watch(splice.stream("splice.inspect"));
  await watch.until("app:1", "ready");
  await show("math.add({ a: 1, b: 2 })", splice.call("math.add", { a: 1, b: 2 }));
  say(`its call: ${await watch.until("math.add", "settled")}`);
  process.kill((await splice.status()).pools[0].workers[0].pid, "SIGKILL");
  say(`its worker, as it is killed: ${await watch.until("app:1", "ready")}`);
  await watch.end();
  say("Nobody watches any more, so nothing is attached. The picture: `splice machines worker --format svg`.");
}

/** The way of each actor through its chart, by its name, as far as it has been seen and not told yet. */
class Watch {
  #items;
  #names = new Map();
  #ways = new Map();

  constructor(stream) {
    this.#items = stream[Symbol.asyncIterator]();
  }

  /** Reads until that actor has come to that state, and tells how. */
  async until(name, state) {
    for (;;) {
      const way = this.#ways.get(name) ?? [];
      if (way.at(-1) === state) {
        this.#ways.delete(name);
        return way.join(" → ");
      }
      const { value: item } = await this.#items.next();
      if (item.type === "actor.started") this.#names.set(item.actorId, item.name.split(/[ #]/)[0]);
      const value = item.value ?? item.snapshot?.value;
      if (value === undefined) continue;
      const actor = this.#names.get(item.actorId);
      const soFar = this.#ways.get(actor) ?? [];
      const now = leafOf(value);
      if (soFar.at(-1) !== now) this.#ways.set(actor, [...soFar, now]);
    }
  }

  async end() {
    await this.#items.return();
  }
}

/** Of states within states the innermost. */
function leafOf(value) {
  return typeof value === "string" ? value : leafOf(Object.values(value)[0]);
}
