/** The host's own routes, so that the pool never hides a part of the school's network. */
import { formatAddress, type AddressRange } from "./pool.ts";

export interface Route {
  readonly interface: string;
  readonly range: AddressRange;
  /** As people write it: `192.168.1.0/24`. */
  readonly network: string;
}

/** The kernel writes addresses as the hexadecimal number of its memory: on all of our machines the last byte first. */
function parseHexAddress(text: string): number | undefined {
  if (!/^[0-9A-Fa-f]{8}$/.test(text)) return undefined;
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(text.slice(at, at + 2), 16));
  return bytes.reduce((address, byte) => address * 256 + byte, 0);
}

/** Reads `/proc/net/route`. Default routes are left out: they overlap everything and mean nothing here. */
export function parseRoutes(table: string): Route[] {
  const routes: Route[] = [];
  for (const line of table.split("\n").slice(1)) {
    const [name = "", destination = "", , , , , , mask = ""] = line.trim().split(/\s+/);
    const address = parseHexAddress(destination);
    const maskBits = parseHexAddress(mask);
    if (address === undefined || maskBits === undefined || maskBits === 0) continue;
    const prefix = 32 - Math.round(Math.log2(2 ** 32 - maskBits));
    const last = address + 2 ** (32 - prefix) - 1;
    const network = `${formatAddress(address)}/${prefix}`;
    routes.push({ interface: name, range: { first: address, last }, network });
  }
  return routes;
}
