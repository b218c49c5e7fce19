/** All declarations, and the schemas that docs/api.yaml gives a name. */
import type * as v from "valibot";
import {
  accountDetailsSchema,
  accountOperations,
  accountSchema,
  classSchema,
  sessionSchema,
  trashedSchema,
} from "./accounts.ts";
import { auditLineSchema, boxOperations, boxSchema, checkSchema } from "./box.ts";
import { failureSchema, paginationSchema } from "./common.ts";
import { groupOperations, groupSchema } from "./groups.ts";
import { hubOperations, infoSchema, routeSchema } from "./hub.ts";
import { oauthOperations } from "./oauth.ts";
import { importOperations, movedClassSchema, movedPersonSchema } from "./imports.ts";
import type { Operations } from "./operation.ts";
import { serviceSchema } from "./services.ts";
import { progressEventSchema, serverOperations, serverSchema } from "./servers.ts";
import { newShareCodeSchema, shareCodeSchema, shareOperations, shareSchema } from "./shares.ts";
import { newTokenSchema, tokenOperations, tokenSchema } from "./tokens.ts";
import { selfSchema, userOperations, userSchema } from "./users.ts";

export const operations: Operations = {
  ...hubOperations,
  ...userOperations,
  ...serverOperations,
  ...tokenOperations,
  ...groupOperations,
  ...oauthOperations,
  ...shareOperations,
  ...accountOperations,
  ...boxOperations,
  ...importOperations,
};

export const components: Readonly<Record<string, v.GenericSchema>> = {
  Account: accountSchema,
  AccountDetails: accountDetailsSchema,
  AuditLine: auditLineSchema,
  Box: boxSchema,
  Check: checkSchema,
  Class: classSchema,
  Failure: failureSchema,
  Group: groupSchema,
  Info: infoSchema,
  NewToken: newTokenSchema,
  MovedClass: movedClassSchema,
  MovedPerson: movedPersonSchema,
  Pagination: paginationSchema,
  ProgressEvent: progressEventSchema,
  RequestIdentity: selfSchema,
  Route: routeSchema,
  Server: serverSchema,
  Service: serviceSchema,
  Session: sessionSchema,
  Share: shareSchema,
  ShareCode: shareCodeSchema,
  NewShareCode: newShareCodeSchema,
  Token: tokenSchema,
  Trashed: trashedSchema,
  User: userSchema,
};
