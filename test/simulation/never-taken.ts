// States and transitions that the simulation does not walk through, each with what keeps it from them. Walks through single
// charts in test/machines take them.

export const neverTaken: readonly (readonly [name: RegExp, why: string])[] = [
  [/xstate\.error\.actor\./, "none of the runtime's own actors fails here"],
  [
    /^(pool\.serving pool\.refuse|worker\.alive\.ready worker\.refuse)$/,
    "no two pools export functions of one name",
  ],
  [/^(supervisor\.\w+|pool\.starting) worker\.ready 1$/, "as above"],
  [/^worker\.alive\.starting\.handshaking handshake\.refused$/, "all workers are of this version"],
  [
    /^(supervisor\.starting|supervisor\.startingRefusing|pool\.starting|pool\.idle|pool\.held) (breaker|pool\.failed|worker\.condemned)/,
    "the operator, and calls, come when all have started; a pool is seldom caught at this",
  ],
  [/^supervisor\.startingRefusing/, "few runs are told to drain while they start, and the start is short"],
  [
    /^supervisor\.(draining|refusing|stopping) (pool\.(failed|stopped|remove)|breaker\.\w+|worker\.ready)/,
    "seldom: a drain is short",
  ],
  [
    /^supervisor\.starting (supervisor\.(drain|stop)|pool\.\w+|worker\.withdrawn)$/,
    "seldom: a start is short",
  ],
  [/^pool\.\w+ (pool\.kill|breaker\.\w+)/, "seldom: it takes a second stop, or a trip, at a short moment"],
  [
    /^router\.\w+ (pool\.removed|worker\.\w+|outlook\.changed)/,
    "seldom: it takes a pool that is removed, or a worker, at a short moment",
  ],
  [
    /^breaker\.\w+ (breaker\.(trip|reset)|threshold\.crossed)$/,
    "seldom: tripped or crossed again while it is open",
  ],
  [
    /^worker\.alive\.condemned\.haste/,
    "seldom: told to leave while it is condemned, which is over after a kill",
  ],
  [
    /^worker\.(alive(\.\w+)*|backingOff|exited) (worker\.(drain|kill|stop)|link\.(breached|closed)|calls\.drained)/,
    "seldom: told to go at a short moment",
  ],
];
