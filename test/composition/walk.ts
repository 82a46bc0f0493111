// Visits every state that is at most so many moves from a first one, the nearest first: each is known by the moves
// that lead to it, and made anew for every move out of it, since a dispatcher cannot be copied. States of one key are one.

export interface Walkable {
  readonly violations: readonly string[];
  moves(): ReadonlyMap<string, () => void>;
  take(move: string): void;
  /** What tells its state from others. */
  key(): string;
  /** Looks at the state, then brings it to its end. */
  finish(): void;
  /** Nothing more is asked of it. */
  dispose(): void;
}

export interface Walk {
  readonly states: ReadonlySet<string>;
  readonly edges: number;
  /** The first state in which something was wrong: how it was come to, and what it is. */
  readonly counterexample: string | null;
}

interface Node {
  readonly path: readonly string[];
  readonly moves: readonly string[];
}

function tell(path: readonly string[], violations: readonly string[]): string {
  const moves = path.map((move, index) => `${String(index + 1)}. ${move}`);
  return [...moves, ...violations.map((violation) => `=> ${violation}`)].join("\n");
}

/** From `root`, a state known by the moves that lead to it, on to those that are `maxMoves` from it. */
export function walk(begin: () => Walkable, root: readonly string[], maxMoves: number): Walk {
  const states = new Set<string>();
  const queue: Node[] = [];
  let edges = 0;
  const counterexamples: string[] = [];
  const visit = (path: readonly string[]): void => {
    const world = begin();
    for (const move of path) world.take(move);
    const key = world.key();
    if (world.violations.length === 0 && !states.has(key)) {
      states.add(key);
      queue.push({ path, moves: [...world.moves().keys()] });
      world.finish();
    }
    world.dispose();
    if (world.violations.length > 0) counterexamples.push(tell(path, world.violations));
  };
  visit(root);
  for (let next = 0; next < queue.length && counterexamples.length === 0; next++) {
    const node = queue[next];
    if (node === undefined || node.path.length - root.length === maxMoves) break;
    for (const move of node.moves) {
      edges += 1;
      visit([...node.path, move]);
    }
  }
  return { states, edges, counterexample: counterexamples[0] ?? null };
}
