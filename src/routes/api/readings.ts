/** What lets a client read a model, or a part of it: any of these, as JupyterHub names and orders them. */
import type { Permission } from "#src/session/identity.ts";

export const READS_USER = [
  "read:users",
  "read:users:name",
  "read:servers",
  "read:users:groups",
  "read:users:activity",
  "read:roles:users",
] as const satisfies readonly Permission[];

export const READS_GROUP = [
  "read:groups",
  "read:groups:name",
  "read:roles:groups",
] as const satisfies readonly Permission[];

export const READS_SERVICE = [
  "read:services",
  "read:services:name",
  "read:roles:services",
] as const satisfies readonly Permission[];
