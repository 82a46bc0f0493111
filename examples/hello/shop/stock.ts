// Reads its database as it is loaded, as real code does: without it no worker of this folder can start.

import { readFileSync } from "node:fs";

const stock = JSON.parse(readFileSync(process.env["STOCK_DATABASE"] ?? "", "utf8")) as Record<string, number>;

export function count({ item }: { item: string }) {
  return stock[item] ?? 0;
}
