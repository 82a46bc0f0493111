// All machines by name, each with what its chart cannot say of itself. In the order in which they are best read. For
// whoever shows them; what runs them imports them one by one.

import type { AnyStateMachine } from "xstate";
import { breakerMachine } from "./breaker/machine.js";
import { breakerNotes } from "./breaker/notes.js";
import { breakersMachine } from "./breakers/machine.js";
import { breakersNotes } from "./breakers/notes.js";
import { callMachine } from "./call/machine.js";
import { callNotes } from "./call/notes.js";
import type { MachineName, MachineNotes } from "./notes.js";
import { poolMachine } from "./pool/machine.js";
import { poolNotes } from "./pool/notes.js";
import { reloadMachine } from "./reload/machine.js";
import { reloadNotes } from "./reload/notes.js";
import { routerMachine } from "./router/machine.js";
import { routerNotes } from "./router/notes.js";
import { supervisorMachine } from "./supervisor/machine.js";
import { supervisorNotes } from "./supervisor/notes.js";
import { workerMachine } from "./worker/machine.js";
import { workerNotes } from "./worker/notes.js";

export interface CatalogueEntry {
  readonly name: MachineName;
  readonly machine: AnyStateMachine;
  readonly notes: MachineNotes;
}

const byName: Readonly<Record<MachineName, Omit<CatalogueEntry, "name">>> = {
  supervisor: { machine: supervisorMachine, notes: supervisorNotes },
  pool: { machine: poolMachine, notes: poolNotes },
  worker: { machine: workerMachine, notes: workerNotes },
  router: { machine: routerMachine, notes: routerNotes },
  breakers: { machine: breakersMachine, notes: breakersNotes },
  breaker: { machine: breakerMachine, notes: breakerNotes },
  reload: { machine: reloadMachine, notes: reloadNotes },
  call: { machine: callMachine, notes: callNotes },
};

export const catalogue: readonly CatalogueEntry[] = Object.entries(byName).map(([name, entry]) => ({
  name: name as MachineName,
  ...entry,
}));
