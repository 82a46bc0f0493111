// Microtasks that a walk runs when it chooses to, which is at the end of each move: what a bridge puts off until after
// the transition under way happens at once after it, and a walk of many thousand moves waits for nothing.

export class Microtasks {
  readonly #real = globalThis.queueMicrotask;
  readonly #waiting: (() => void)[] = [];

  install(): void {
    globalThis.queueMicrotask = (task) => {
      this.#waiting.push(task);
    };
  }

  uninstall(): void {
    globalThis.queueMicrotask = this.#real;
  }

  run(): void {
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) task();
  }
}
