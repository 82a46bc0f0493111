// What a value is refused with when it cannot be carried: where it stands, what it is, what to pass instead.

const brand = Symbol.for("splice.value-error");

/** `path` names the place from the root given by the caller: `params.items[3].when`. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly path: string;
  /** What is wrong there, and what to pass instead; without the path, unlike `message`. */
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}.`);
    this.path = path;
    this.problem = problem;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Recognises a ValueError of any copy of this package, in any realm. */
export function isValueError(error: unknown): error is ValueError {
  return typeof error === "object" && error !== null && brand in error;
}

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Keys and indexes behind the root, as one would write them in code. */
export function pathOf(root: string, trail: readonly (string | number)[]): string {
  let path = root;
  for (const step of trail) {
    path += identifier.test(String(step)) ? `.${String(step)}` : `[${JSON.stringify(step)}]`;
  }
  return path;
}
