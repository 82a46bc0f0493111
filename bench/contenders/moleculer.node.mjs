// How both nodes are set up: as by default, but that they know each other's address, take packets over 1 MiB and log
// warnings only.

import moleculer from "moleculer";

export function createBroker({ nodeID, serializer, urls }) {
  return new moleculer.ServiceBroker({
    nodeID,
    logLevel: "warn",
    serializer,
    transporter: { type: "TCP", options: { udpDiscovery: false, urls, maxPacketSize: 64 * 1024 ** 2 } },
    skipProcessEventRegistration: true,
  });
}
