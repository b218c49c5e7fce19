/** Accounts as the hub tells of them. */
import * as v from "valibot";

export const account = v.looseObject({
  name: v.string(),
  display_name: v.string(),
  role: v.string(),
  state: v.string(),
  newcomer: v.boolean(),
  last_activity: v.nullable(v.string()),
  has_password: v.boolean(),
  must_change_password: v.boolean(),
});
export type Account = v.InferOutput<typeof account>;

/** `new`: made the account themselves, and no teacher has said yet that they belong here. */
export function stateWord({ state, newcomer }: Account): string {
  return state === "active" && newcomer ? "new" : state;
}

export function passwordWord(user: Account): string {
  if (!user.has_password) return "none";
  return user.must_change_password ? "first" : "own";
}

export function accountPath(name: string, rest = ""): string {
  return `api/accounts/${encodeURIComponent(name)}${rest}`;
}
