/** Who listens inside a container: tells why nothing answers where it should. */
import { HubError } from "#src/errors.ts";
import type { Tasks } from "./tasks.ts";

export interface Listener {
  readonly port: number;
  /** Reached from inside the container alone. */
  readonly isInner: boolean;
}

const LISTENING = "0A";
/** The engine's own name server, in every network but its default one. */
const ENGINE_NAMES = "0B00007F";
const ANY_OF_IPV4_IN_IPV6 = "0000000000000000FFFF0000";
const LOOPBACK_IPV6 = "00000000000000000000000001000000";

/** Reads what Linux says in `/proc/net/tcp` and `tcp6`: addresses are hex, in the byte order of Intel and ARM. */
export function readListeners(text: string): Listener[] {
  const found = new Map<number, boolean>();
  for (const line of text.split("\n")) {
    const [, address = "", port = "", state] =
      /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? [];
    if (state !== LISTENING || address.endsWith(ENGINE_NAMES)) continue;
    const number = Number.parseInt(port, 16);
    found.set(number, isLoopback(address) && found.get(number) !== false);
  }
  return Array.from(found, ([port, isInner]) => ({ port, isInner }));
}

function isLoopback(address: string): boolean {
  const ipv4 = address.length === 8 ? address : address.replace(ANY_OF_IPV4_IN_IPV6, "");
  return ipv4.length === 8 ? ipv4.endsWith("7F") : address === LOOPBACK_IPV6;
}

/** Read by a throw-away container in the network of that one: its own image may have no program for it. */
export async function listenersOf(
  tasks: Tasks,
  containerId: string,
  signal: AbortSignal,
): Promise<Listener[]> {
  const script = "cat /proc/net/tcp; cat /proc/net/tcp6 2>/dev/null || true";
  const network = `container:${containerId}` as const;
  return readListeners(
    await tasks.text({ script, arguments: [], network, user: "notebook" }, signal),
  );
}

export function silentFailure(
  listeners: readonly Listener[],
  port: number,
  seconds: number,
): HubError {
  const here = listeners.find((one) => one.port === port);
  if (here?.isInner === true) return new HubError("answers_inside", { port });
  const others = listeners.filter((one) => !one.isInner).map((one) => one.port);
  if (here === undefined && others.length > 0) {
    const ports = others.toSorted((a, b) => a - b).slice(0, 5);
    return new HubError("answers_elsewhere", { port, others: ports.join(", ") });
  }
  return new HubError("never_answered", { port, seconds });
}
