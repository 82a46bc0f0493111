import { move, transferableSymbol, valueSymbol } from "piscina";
import { echo } from "./echo.mjs";

export { echo };

export function echoBytes(params) {
  const result = echo(params);
  return move({ [transferableSymbol]: [result.data.buffer], [valueSymbol]: result });
}
