/** Groups, which are classes here. */
import * as v from "valibot";
import { pythonText, pythonType } from "../python-words.ts";
import { type Words, dictOf } from "./bodies.ts";
import { inPages } from "./common.ts";
import { type ModelOf, type Operations, empty } from "./operation.ts";
import { pageQuery } from "./pages.ts";

export const groupSchema = v.strictObject({
  kind: v.literal("group"),
  name: v.string(),
  roles: v.optional(v.array(v.string())),
  users: v.optional(v.array(v.string())),
  properties: v.optional(v.record(v.string(), v.unknown())),
});
export type GroupModel = ModelOf<typeof groupSchema>;

const MOST_NAMES = 2000;

function namesOf(what: string, notList: Words) {
  const name = v.string(({ input }) => `${what} must be str, not ${pythonType(input)}`);
  const tooMany = `at most ${MOST_NAMES} ${what} at a time`;
  return v.pipe(v.array(name, notList), v.maxLength(MOST_NAMES, tooMany));
}

const members = {
  users: v.optional(
    namesOf("usernames", ({ input }) => {
      return `group.users must be <class 'list'>, not: ${pythonType(input)}`;
    }),
  ),
  name: v.optional(v.unknown()),
  roles: v.optional(v.unknown()),
};

/** One that is to be made, or who is to be added to it or taken out. */
export const groupBody = v.strictObject(
  members,
  (issue) => `Invalid JSON keys: ${pythonText(dictOf(issue))}`,
);

export const NO_GROUP = "Must specify at least one group to create";

export const newGroupsBody = v.strictObject(
  {
    groups: v.pipe(
      namesOf("group names", () => NO_GROUP),
      v.minLength(1, NO_GROUP),
    ),
    ...members,
  },
  (issue) => {
    if (issue.expected !== "never") return NO_GROUP;
    const { groups: _, ...model } = dictOf(issue) as Readonly<Record<string, unknown>>; // Else it had no keys.
    return `Invalid JSON keys: ${pythonText(model)}`;
  },
);

export const propertiesBody = v.pipe(
  v.record(v.string(), v.unknown()),
  v.description("64 KB and 32 levels at most"),
);

const changesMembers = {
  body: groupBody,
  needsBody: true,
  answers: { 200: groupSchema },
  refuses: [409],
} as const;

export const groupOperations = {
  "GET groups": {
    summary: "Groups",
    query: pageQuery,
    answers: { 200: inPages(v.array(groupSchema)) },
  },
  "POST groups": {
    summary: "Make groups, all or none",
    body: newGroupsBody,
    needsBody: true,
    answers: { 201: v.array(groupSchema) },
    refuses: [404, 409],
  },
  "GET groups/:group": { summary: "One group", answers: { 200: groupSchema } },
  "POST groups/:group": {
    summary: "Make a group",
    body: groupBody,
    answers: { 201: groupSchema },
    refuses: [409],
  },
  "DELETE groups/:group": {
    summary: "Delete a group; whoever was in no other joins the default one",
    answers: { 204: empty },
    refuses: [409],
  },
  "POST groups/:group/users": { summary: "Add people to a group", ...changesMembers },
  "DELETE groups/:group/users": { summary: "Take people out of a group", ...changesMembers },
  "PUT groups/:group/properties": {
    summary: "Set what programs keep about a group",
    body: propertiesBody,
    needsBody: true,
    answers: { 200: groupSchema },
  },
} satisfies Operations;
