// What must hold in every state of the world, and what must have come of it when all ends well: the processes do what
// they are asked, nobody crashes any more, a call is answered, and the supervisor is told to stop.

import { drawStatus } from "../../src/system/status.js";
import type { Status } from "../../src/contract/status.js";
import { wrongAnswer } from "./answers.js";
import type { Composer } from "./composition.js";
import { config } from "./config.js";
import { ignoredOnPurpose } from "./ignored.js";
import { keyOf } from "./key.js";
import type { Microtasks } from "./microtasks.js";
import { leafOf, routerOf, workerOf } from "./sight.js";
import type { Walkable } from "./walk.js";
import { World } from "./world.js";

/** More moves than any end takes: beyond them it goes round in circles. */
const enough = 200;

/** Of a worker that will be ready without anybody's doing, or is being replaced. */
const coming = new Set([
  ...["spawning", "connecting", "handshaking", "backingOff", "disconnected", "reaping"],
  ...["condemned", "draining", "stopping", "terminating", "killing"],
]);

/** What a good process does, the first that is possible. */
const goodMoves = [
  /opens its link$/,
  /lists its exports$/,
  /answers call/,
  /is examined and answers$/,
  /exits$/,
  /is read to its end$/,
];

export class CheckedWorld implements Walkable {
  readonly #world: World;
  readonly #violations: string[] = [];
  /** States, on the way to an end, from which all is known to end well. */
  readonly #ends: Set<string>;
  readonly #passed: string[] = [];
  /** Events that a chart did not answer to, and was right. */
  readonly #ignored: Set<string>;

  constructor(composer: Composer, microtasks: Microtasks, ends: Set<string>, ignored: Set<string>) {
    this.#ends = ends;
    this.#ignored = ignored;
    this.#world = new World(composer, microtasks);
    const { caller } = this.#world;
    caller.onAnswer = (answer) => {
      const { requestId } = answer;
      const wrong = wrongAnswer(this.#world, answer);
      if (wrong !== null) this.#violations.push(wrong);
      if (caller.codes(Number(requestId)).length > 1)
        this.#violations.push(`call ${String(requestId)} was answered twice`);
    };
  }

  get violations(): readonly string[] {
    return [...this.#world.violations, ...this.#violations];
  }

  moves(): ReadonlyMap<string, () => void> {
    return this.#world.moves();
  }

  take(move: string): void {
    this.#world.take(move);
  }

  key(): string {
    return keyOf(this.#world);
  }

  finish(): void {
    this.#checkNow();
    if (!this.#recover() && !this.#stop()) this.#checkRest();
    if (this.violations.length === 0) for (const key of this.#passed) this.#ends.add(key);
  }

  dispose(): void {
    this.#world.dispose();
  }

  #expect(isSo: boolean, sentence: string): void {
    if (!isSo) this.#violations.push(sentence);
  }

  #checkNow(): void {
    const { parts, calls } = this.#world;
    const { dispatcher, root } = parts;
    for (const call of calls) {
      const name = `call ${String(call.requestId)}`;
      const answers = this.#world.answersOf(call);
      if (call.callId === 0) this.#expect(answers === 1, `${name} was refused ${String(answers)} times`);
      else
        this.#expect(
          dispatcher.isWaiting(call.callId as never) === (answers === 0),
          `${name} has ${String(answers)} answers, and dispatch says otherwise`,
        );
    }
    const holding = calls.filter(({ process, callId }) => {
      if (process === null || !process.open.has(callId)) return false;
      return !["undefined", "exited", "backingOff"].includes(leafOf(workerOf(root, process.instance)?.value));
    });
    const held = holding.length + dispatcher.waiting;
    this.#expect(
      dispatcher.inFlight === held,
      `${String(dispatcher.inFlight)} permits are taken, by ${String(held)} calls`,
    );
    const ofFunctions = [...dispatcher.functions].reduce((sum, state) => sum + state.inFlight, 0);
    const { share } = this.#world.caller;
    this.#expect(
      ofFunctions === held,
      `${String(ofFunctions)} permits of functions are taken, by ${String(held)} calls`,
    );
    this.#expect(
      share.held === held,
      `the caller holds ${String(share.held)} permits, for ${String(held)} calls`,
    );
    const living = new Set(
      parts.processes.filter((each) => !each.hasExited).map(({ who }) => who.generation),
    );
    this.#expect(living.size <= 2, `${String(living.size)} generations have processes`);
    this.#expect(dispatcher.inFlight <= config.limits.maxInFlight, "more permits are taken than there are");
    this.#expect(parts.faults.length === 0, `a chart failed: ${parts.faults.map(String).join()}`);
    this.#checkIgnored();
    if (!this.#world.isOver) this.#checkService();
  }

  #checkIgnored(): void {
    for (const event of this.#world.unhandled) {
      this.#ignored.add(event);
      this.#expect(event in ignoredOnPurpose, `nobody handled ${event}`);
    }
  }

  /** Some worker serves, or the status says why not, and so does what a call would be told. */
  #checkService(): void {
    const { dispatcher, registry, root } = this.#world.parts;
    const clock = this.#world.parts.clock.faceFor("status");
    const supervisor = root.getSnapshot();
    const rest = {
      hasFailed: false,
      startedAtMs: 0,
      serverId: "",
      socket: null,
      maxFrameBytes: 0,
      lastReloadError: null,
    };
    const status: Status = drawStatus({ supervisor, dispatcher, registry, clock, ...rest });
    const workers = status.pools.flatMap((pool) => pool.workers);
    const states = workers.map(({ state }) => state);
    const isTripped = status.pools.some(({ breaker }) => breaker.state !== "closed");
    const isExplained = status.state !== "running" || isTripped || states.some((state) => coming.has(state));
    this.#expect(
      states.includes("ready") || isExplained,
      `no worker serves, and the status says ${JSON.stringify(status.pools)}`,
    );
    const route = routerOf(root)?.context.table.pools.get("app");
    if (route === undefined || route.ready.length > 0) return;
    this.#expect(
      route.outlook !== null || states.some((state) => coming.has(state)),
      `calls wait for a worker, and none is due: ${states.join()}`,
    );
  }

  /** As long as it is in service it answers a call, once it was left in peace for a while. */
  #recover(): boolean {
    const { root, dispatcher } = this.#world.parts;
    const isServing = (): boolean => root.getSnapshot().value === "running";
    const isIdle = (): boolean =>
      dispatcher.inFlight + dispatcher.queued === 0 &&
      (routerOf(root)?.context.workers.size ?? 0) > 0 &&
      !this.#goodMove();
    const isPast = (): boolean => this.#world.isOver || root.getSnapshot().value === "refusing";
    if (this.#until(() => isIdle() || isPast(), "it did not come to rest")) return true;
    if (!isServing()) return false;
    this.#world.call();
    const probe = this.#world.calls.at(-1);
    const codes = () => this.#world.caller.codes(probe?.requestId ?? 0);
    if (this.#until(() => codes().length > 0, "a call was not answered")) return true;
    const reasons = this.#world.caller.last?.details;
    const isShut = codes()[0] === 3001 && /breaker/.test(JSON.stringify(reasons));
    this.#expect(codes()[0] === 0 || isShut, `a call was answered ${codes().join()} when all was well`);
    return false;
  }

  #stop(): boolean {
    const { root } = this.#world.parts;
    if (!this.#world.isOver && this.#world.used.stops === 0)
      this.#world.make(() => {
        root.send({ type: "supervisor.stop", drainMs: 1100 });
      });
    return this.#until(() => this.#world.isOver, "the supervisor did not stop");
  }

  #checkRest(): void {
    const { parts, calls, caller } = this.#world;
    const { dispatcher, root } = parts;
    for (const call of calls) {
      const answers = this.#world.answersOf(call);
      this.#expect(answers === 1, `call ${String(call.requestId)} was answered ${String(answers)} times`);
    }
    const permits = [
      dispatcher.inFlight,
      dispatcher.queued,
      dispatcher.waiting,
      caller.share.held,
      caller.share.waiting,
      ...[...dispatcher.functions].flatMap((state) => [state.inFlight, state.waiting]),
    ];
    this.#expect(
      permits.every((count) => count === 0),
      `at rest permits are taken: ${permits.join()}`,
    );
    this.#expect(root.getSnapshot().status === "done", `the root is ${root.getSnapshot().status}`);
    this.#expect(parts.clock.timers.length === 0, `timers are left: ${JSON.stringify(parts.clock.timers)}`);
    this.#expect([...parts.registry.entries()].length === 0, "a process is left");
    this.#checkIgnored();
  }

  /** Makes good moves, and lets time pass where there is none. True: all ends well from here, as was seen before. */
  #until(isSo: () => boolean, otherwise: string): boolean {
    const { clock } = this.#world.parts;
    for (let count = 0; count < enough && !isSo(); count++) {
      const key = `${otherwise} ${this.key()}`;
      if (this.#ends.has(key)) return true;
      this.#passed.push(key);
      const move = this.#goodMove();
      if (move !== undefined) this.#world.make(move);
      else if (clock.timers.length > 0)
        this.#world.make(() => {
          clock.step();
        });
      else break;
    }
    this.#expect(isSo(), otherwise);
    return false;
  }

  #goodMove(): (() => void) | undefined {
    const moves = this.#world.moves();
    for (const good of goodMoves) for (const [name, move] of moves) if (good.test(name)) return move;
    return undefined;
  }
}
