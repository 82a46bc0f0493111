// The service both sides speak, from echo.proto: messages with types of their own, no JSON inside.

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("./echo.proto", import.meta.url));
export const { Echo } = grpc.loadPackageDefinition(
  protoLoader.loadSync(file, { keepCase: true, defaults: true }),
).bench;

export const channelOptions = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
