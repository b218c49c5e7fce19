import { isIPv6 } from "node:net";

/** What one visitor has of addresses: an IPv6 subscriber has a whole /64. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) {
    return address;
  }
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const end = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - end.length);
  return [...groups, ...Array<string>(zeros).fill("0"), ...end].slice(0, 4).join(":");
}
