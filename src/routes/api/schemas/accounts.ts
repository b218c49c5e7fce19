/** Accounts, classes and the trash as `./homeroom` asks for them: what JupyterHub's API has no words for. */
import * as v from "valibot";
import { countSchema, nullableTime, timeSchema } from "./common.ts";
import { type ModelOf, type Operations, empty } from "./operation.ts";

const role = v.picklist(["owner", "teacher", "student"]);

const accountEntries = {
  name: v.string(),
  display_name: v.string(),
  role,
  state: v.picklist(["active", "locked", "trash", "erasing"]),
  /** Joined by themselves, and nobody has looked yet. */
  newcomer: v.boolean(),
  created: timeSchema,
  last_activity: nullableTime,
  last_sign_in: nullableTime,
  has_password: v.boolean(),
  must_change_password: v.boolean(),
};
export const accountSchema = v.strictObject(accountEntries);
export type AccountModel = ModelOf<typeof accountSchema>;

/** One person, with what has to be counted or looked up. */
const serverState = v.picklist(["stopped", "queued", "starting", "running", "frozen", "stopping"]);

export const accountDetailsSchema = v.strictObject({
  id: v.string(),
  ...accountEntries,
  /** Since when. */
  locked: nullableTime,
  classes: v.array(
    v.strictObject({
      id: v.string(),
      name: v.string(),
      role: v.picklist(["teacher", "student"]),
    }),
  ),
  /** Browsers in which they are signed in. */
  sessions: countSchema,
  /** What the first notebook does, and those with a name; true only of a hub that follows Docker. */
  server: serverState,
  named_servers: v.array(v.strictObject({ name: v.string(), state: serverState })),
});
export type AccountDetails = ModelOf<typeof accountDetailsSchema>;

export const trashedSchema = v.strictObject({
  id: v.string(),
  name: v.string(),
  display_name: v.string(),
  role,
  deleted: nullableTime,
  erasing: v.boolean(),
});
export type TrashedModel = ModelOf<typeof trashedSchema>;

export const sessionSchema = v.strictObject({
  id: v.string(),
  device: v.string(),
  address: v.string(),
  created: timeSchema,
  last_seen: timeSchema,
  kept: v.boolean(),
});
export type SessionModel = ModelOf<typeof sessionSchema>;

export const classSchema = v.strictObject({
  id: v.string(),
  name: v.string(),
  /** Newcomers join this one. */
  default: v.boolean(),
  sign_up: v.variant("mode", [
    v.strictObject({ mode: v.literal("off") }),
    v.strictObject({ mode: v.literal("open"), opened: timeSchema }),
    v.strictObject({
      mode: v.literal("code"),
      code: v.string(),
      opened: timeSchema,
      expires: v.optional(timeSchema),
      places: v.optional(countSchema),
      taken: countSchema,
    }),
  ]),
});
export type ClassModel = ModelOf<typeof classSchema>;

export const newAccountBody = v.strictObject({
  name: v.string(),
  display_name: v.optional(v.string()),
  role: v.optional(role, "student"),
  password: v.optional(v.string()),
});

export const changedAccountBody = v.strictObject({
  name: v.optional(v.string()),
  display_name: v.optional(v.string()),
  role: v.optional(role),
  disabled: v.optional(v.boolean()),
});

export const signUpBody = v.variant("mode", [
  v.strictObject({ mode: v.literal("off") }),
  v.strictObject({ mode: v.literal("open") }),
  v.strictObject({
    mode: v.literal("code"),
    /** Absent: until it is closed. */
    hours: v.optional(v.number()),
    places: v.optional(v.number()),
  }),
]);

export const restoredBody = v.strictObject({ name: v.optional(v.string()) });
export const erasedBody = v.strictObject({ confirm: v.string() });

const oneAccount = v.strictObject({ user: accountSchema });

export const accountOperations = {
  "GET accounts": {
    summary: "Accounts",
    answers: { 200: v.strictObject({ users: v.array(accountSchema) }) },
  },
  "POST accounts": {
    summary: "Make an account, with a first password unless one is given",
    body: newAccountBody,
    needsBody: true,
    answers: {
      201: v.strictObject({ user: accountSchema, first_password: v.optional(v.string()) }),
    },
    refuses: [409],
  },
  "GET accounts/:name": {
    summary: "One account, with what has to be looked up",
    answers: { 200: v.strictObject({ user: accountDetailsSchema }) },
  },
  "PATCH accounts/:name": {
    summary: "Change an account: all fields or none",
    body: changedAccountBody,
    answers: { 200: oneAccount },
    refuses: [409],
  },
  "POST accounts/:name/reset": {
    summary: "Give a first password in place of the present one",
    answers: { 200: v.strictObject({ first_password: v.string() }) },
    refuses: [409],
  },
  "POST accounts/:name/accept": {
    summary: "Accept a newcomer",
    answers: { 200: oneAccount },
    refuses: [409],
  },
  "DELETE accounts/:name": {
    summary: "Put an account into the trash",
    answers: { 204: empty },
    refuses: [409],
  },
  "GET accounts/:name/sessions": {
    summary: "Where somebody is signed in",
    answers: { 200: v.strictObject({ sessions: v.array(sessionSchema) }) },
  },
  "DELETE accounts/:name/sessions": {
    summary: "Sign somebody out everywhere",
    answers: { 204: empty },
  },
  "DELETE accounts/:name/sessions/:session": {
    summary: "Sign somebody out in one browser",
    answers: { 204: empty },
  },
  "GET classes": {
    summary: "Classes, and who may join them",
    answers: { 200: v.strictObject({ classes: v.array(classSchema) }) },
  },
  "PUT classes/:id/sign-up": {
    summary: "Open or close a class to newcomers",
    body: signUpBody,
    needsBody: true,
    answers: { 200: classSchema },
    refuses: [409],
  },
  "GET trash": {
    summary: "People in the trash",
    answers: { 200: v.strictObject({ users: v.array(trashedSchema) }) },
  },
  "POST trash/:id/restore": {
    summary: "Take somebody out of the trash",
    body: restoredBody,
    answers: { 200: oneAccount },
    refuses: [409],
  },
  "DELETE trash/:id": {
    summary: "Erase somebody for good: 204 nothing is left, 202 it goes on by itself",
    body: erasedBody,
    needsBody: true,
    answers: { 204: empty, 202: v.strictObject({ erasing: v.literal(true) }) },
    refuses: [409],
  },
} satisfies Operations;
