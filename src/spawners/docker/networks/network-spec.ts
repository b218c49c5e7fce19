/** What Docker is asked for when a server needs its networks. Pure. */
import type { NetworkFacts } from "#src/spawners/docker/engine/facts.ts";
import type { Labels } from "#src/spawners/docker/names.ts";

/**
 * `sealed`: no address of the host on the bridge; only a container that is attached gets in (the hub).
 * `host`: the same with the host's address, for a hub that runs on the host itself.
 * `outgoing`: a way to the outside, and so to the host; nobody but its one server is in it.
 */
export type NetworkKind = "sealed" | "host" | "outgoing";

export interface NetworkOptions {
  readonly Name: string;
  readonly Driver: "bridge";
  readonly CheckDuplicate: true;
  readonly Internal: boolean;
  readonly EnableIPv6: false;
  readonly IPAM: { readonly Driver: "default"; readonly Config: { readonly Subnet: string }[] };
  readonly Options: Record<string, string>;
  readonly Labels: Record<string, string>;
}

const INHIBIT_IPV4 = "com.docker.network.bridge.inhibit_ipv4";
const ENABLE_ICC = "com.docker.network.bridge.enable_icc";

function driverOptions(kind: NetworkKind): Record<string, string> {
  switch (kind) {
    case "sealed":
      return { [INHIBIT_IPV4]: "true" };
    case "host":
      return {};
    case "outgoing":
      return { [ENABLE_ICC]: "false" };
  }
}

export function networkSpec(input: {
  readonly name: string;
  readonly kind: NetworkKind;
  readonly subnet: string;
  readonly labels: Labels;
}): NetworkOptions {
  return {
    Name: input.name,
    Driver: "bridge",
    CheckDuplicate: true,
    Internal: input.kind !== "outgoing",
    EnableIPv6: false,
    IPAM: { Driver: "default", Config: [{ Subnet: input.subnet }] },
    Options: driverOptions(input.kind),
    Labels: { ...input.labels },
  };
}

/** Whether a network that was left over is what `networkSpec` would ask for now. */
export function isOfKind(network: NetworkFacts, kind: NetworkKind): boolean {
  const wanted = driverOptions(kind);
  return (
    network.internal === (kind !== "outgoing") &&
    Object.entries(wanted).every(([name, value]) => network.options[name] === value) &&
    network.options[INHIBIT_IPV4] === wanted[INHIBIT_IPV4]
  );
}
