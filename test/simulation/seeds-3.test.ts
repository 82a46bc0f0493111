// The simulation, part 3 of 4: docs/reliability/testing.md.

import { testSeeds } from "./sim/seeds.js";

testSeeds(3);
