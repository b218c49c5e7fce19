/** Moving in from another server, as `./homeroom import` asks for it: on the control socket alone. */
import * as v from "valibot";
import type { ModelOf, Operations } from "./operation.ts";

/** What becomes of one of JupyterHub's people, or would. */
export const movedPersonSchema = v.strictObject({
  /** What they are called at JupyterHub. */
  was: v.string(),
  becomes: v.picklist(["new", "there", "other", "in_trash", "refused"]),
  name: v.nullable(v.string()),
  role: v.nullable(v.picklist(["owner", "teacher", "student"])),
  password: v.nullable(
    v.picklist(["kept", "none", "too_dear", "damaged", "second_factor", "not_authorized"]),
  ),
  classes: v.array(v.string()),
  /** Why nothing becomes of them. */
  problem: v.nullable(v.string()),
});
export type MovedPerson = ModelOf<typeof movedPersonSchema>;

export const movedClassSchema = v.strictObject({
  was: v.string(),
  becomes: v.picklist(["new", "there", "refused"]),
  name: v.nullable(v.string()),
  problem: v.nullable(v.string()),
});
export type MovedClass = ModelOf<typeof movedClassSchema>;

export const moveQuery = {
  /** What an admin becomes. */
  admins: v.optional(v.picklist(["owner", "teacher", "student"]), "teacher"),
  /** Without `1` it is only told what would become of all. */
  apply: v.optional(v.picklist(["0", "1"]), "0"),
} as const;

const TAR = "application/x-tar";

export const importOperations = {
  "POST import/jupyterhub": {
    summary: "Take over people and groups of a JupyterHub, from its files",
    query: moveQuery,
    upload: TAR,
    answers: {
      200: v.strictObject({
        applied: v.boolean(),
        people: v.array(movedPersonSchema),
        classes: v.array(movedClassSchema),
        strangers: v.array(v.string()),
      }),
    },
    refuses: [409],
  },
  "GET import/homes": {
    summary: "Who moved in and has no files yet",
    answers: {
      200: v.strictObject({
        people: v.array(v.strictObject({ name: v.string(), was: v.string() })),
      }),
    },
  },
  "PUT import/homes/:name": {
    summary: "Put files into the home of somebody who moved in",
    upload: TAR,
    answers: { 200: v.strictObject({ name: v.string(), folder: v.string() }) },
    refuses: [409],
  },
} satisfies Operations;
