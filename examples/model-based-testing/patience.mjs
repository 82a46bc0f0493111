// A caller that leaves a function alone for a while once it has been refused twice in a row. What is tested here.

export class Patience {
  #refusals = 0;
  #isPausing = false;

  /** True when a call may be made. */
  get mayCall() {
    return !this.#isPausing;
  }

  answered() {
    this.#refusals = 0;
  }

  refused() {
    this.#refusals += 1;
    if (this.#refusals === 2) this.#isPausing = true;
  }

  pauseIsOver() {
    this.#isPausing = false;
    this.#refusals = 0;
  }
}
