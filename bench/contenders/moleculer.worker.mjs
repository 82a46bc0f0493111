import { echo } from "./echo.mjs";
import { createBroker } from "./moleculer.node.mjs";

const broker = createBroker({ nodeID: "worker", ...JSON.parse(process.argv[2]) });
broker.createService({ name: "bench", actions: { echo: (context) => echo(context.params) } });
await broker.start();
process.send("ready");
process.on("disconnect", () => {
  void broker.stop().finally(() => process.exit(0));
});
