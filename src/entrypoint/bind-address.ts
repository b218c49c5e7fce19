/** Which address the hub listens on: never all of them where containers could reach one. */
import { readFile } from "node:fs/promises";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { HubError } from "#src/errors.ts";

const DEFAULT_ROUTE = "default-route";
const UP = 0x1;

/** The interface of the default route with the least metric, in the words of `/proc/net/route`. */
export function defaultRouteInterface(routes: string): string | undefined {
  const found = routes
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, destination, , flags, , , , mask]) =>
        destination === "00000000" &&
        mask === "00000000" &&
        (Number.parseInt(flags ?? "", 16) & UP) !== 0,
    )
    .map((fields) => ({ name: fields[0] ?? "", metric: Number(fields[6]) }))
    .sort((a, b) => a.metric - b.metric);
  return found[0]?.name;
}

/** Turns the setting into an address. Throws `no_default_route`. */
export async function bindAddress(
  bind: string,
  system: {
    readonly readRoutes: () => Promise<string>;
    readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
  } = {
    readRoutes: () => readFile("/proc/net/route", "utf8"),
    interfaces: networkInterfaces,
  },
): Promise<string> {
  if (bind !== DEFAULT_ROUTE) return bind;
  const name = defaultRouteInterface(await system.readRoutes());
  const addresses = name === undefined ? [] : (system.interfaces()[name] ?? []);
  const address = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  if (address === undefined) throw new HubError("no_default_route");
  return address.address;
}
