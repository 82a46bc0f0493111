// One worker, as every contender has. `splice serve` alone would start one per core less one.

export default {
  pools: { app: { functions: "./functions", workers: 1 } },
};
