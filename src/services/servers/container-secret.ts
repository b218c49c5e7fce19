/** What a container asks of whoever reaches its port. */
import { createHmac } from "node:crypto";
import type { ServerId } from "#src/stores/records.ts";

/** Derived, not stored: a restarted hub knows it, and each start of a server has another one. */
export function containerSecret(
  instanceKey: string,
  serverId: ServerId,
  generation: number,
): string {
  return createHmac("sha256", Buffer.from(instanceKey, "base64url"))
    .update(`container ${serverId} ${generation}`)
    .digest("base64url");
}

/**
 * What a server of kind `singleuser` shows the hub by its own door, and nowhere else; another one with each start,
 * and derived like the secret. As long as JupyterHub's.
 */
export function serverToken(instanceKey: string, serverId: ServerId, generation: number): string {
  return createHmac("sha256", Buffer.from(instanceKey, "base64url"))
    .update(`server token ${serverId} ${generation}`)
    .digest("hex")
    .slice(0, 32);
}
