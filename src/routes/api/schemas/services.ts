/** Programs beside the hub, in JupyterHub's shape; keys vary with what the visitor may see. */
import * as v from "valibot";
import type { ModelOf } from "./operation.ts";

export const serviceEntries = {
  kind: v.literal("service"),
  name: v.string(),
  admin: v.boolean(),
  roles: v.optional(v.array(v.string())),
  url: v.optional(v.string()),
  prefix: v.optional(v.string()),
  command: v.optional(v.array(v.string())),
  pid: v.optional(v.number()),
  info: v.optional(v.record(v.string(), v.unknown())),
  display: v.optional(v.boolean()),
};

export const serviceSchema = v.strictObject(serviceEntries);
export type ServiceModel = ModelOf<typeof serviceSchema>;
