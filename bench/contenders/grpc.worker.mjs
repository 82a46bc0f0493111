import grpc from "@grpc/grpc-js";
import { echo } from "./echo.mjs";
import { channelOptions, Echo } from "./grpc.service.mjs";

const server = new grpc.Server(channelOptions);
const answer = (call, done) => done(null, echo(call.request));
server.addService(Echo.service, { Small: answer, Bytes: answer, Rows: answer });
server.bindAsync(process.argv[2], grpc.ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  process.send("ready");
});
process.on("disconnect", () => {
  server.forceShutdown();
});
