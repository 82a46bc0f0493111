import { connect } from "node:net";

const socket = connect(process.argv[2]);
socket.on("data", (chunk) => socket.write(chunk));
socket.on("close", () => process.exit(0));
