/** `user show`: all that is known of one account. */
import * as v from "valibot";
import { auditTable, readAudit } from "./audit.ts";
import { readBody } from "./control-client.ts";
import type { Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable, timeCell } from "./table.ts";
import { account, accountPath, passwordWord, stateWord } from "./account-rows.ts";

const AUDIT_LINES = 10;

const details = v.object({
  user: v.intersect([
    account,
    v.looseObject({
      id: v.string(),
      created: v.string(),
      last_sign_in: v.nullable(v.string()),
      locked: v.nullable(v.string()),
      classes: v.array(v.object({ id: v.string(), name: v.string(), role: v.string() })),
      server: v.optional(v.string()),
      named_servers: v.optional(v.array(v.object({ name: v.string(), state: v.string() }))),
    }),
  ]),
});
const sessions = v.object({
  sessions: v.array(
    v.looseObject({
      id: v.string(),
      device: v.string(),
      address: v.string(),
      created: v.string(),
      last_seen: v.string(),
      kept: v.boolean(),
    }),
  ),
});
type Details = v.InferOutput<typeof details>["user"];
type Notebook = NonNullable<Details["named_servers"]>[number];
type Session = v.InferOutput<typeof sessions>["sessions"][number];

export async function showUser(
  { name, json }: { readonly name: string; readonly json: boolean },
  host: Host,
  hub: HubAccess,
): Promise<void> {
  const { user } = readBody(details, await hub.request("GET", accountPath(name)));
  const answer = await hub.request("GET", accountPath(name, "/sessions"));
  const signedIn = readBody(sessions, answer).sessions;
  const lines = await readAudit({ about: name, limit: AUDIT_LINES }, hub);
  // Only a hub that runs knows what its notebooks do.
  const told = (state = "unknown"): string =>
    hub.isOwn ? "unknown while Homeroom is not running" : state;
  const named = (user.named_servers ?? []).map(({ name, state }) => ({ name, state: told(state) }));
  if (json) {
    const known = { ...user, server: told(user.server), named_servers: named };
    const shown = { user: known, sessions: signedIn, audit: lines };
    host.out(`${JSON.stringify(shown, undefined, 2)}\n`);
    return;
  }
  host.out(detailTable(user, [{ name: "", state: told(user.server) }, ...named]));
  host.out(`\nSigned in: ${signedIn.length === 0 ? "nowhere" : ""}\n`);
  if (signedIn.length > 0) host.out(sessionTable(signedIn));
  host.out(`\nThe last ${lines.length === 1 ? "line" : `${lines.length} lines`} of the audit:\n`);
  host.out(auditTable(lines));
}

function detailTable(user: Details, notebooks: readonly Notebook[]): string {
  const classes = user.classes.map((one) => `${one.name} (${one.role})`).join(", ");
  return formatTable([
    ["User name:", user.name],
    ["Name:", user.display_name],
    ["Role:", user.role],
    ["State:", stateWord(user) + (user.locked === null ? "" : ` since ${timeCell(user.locked)}`)],
    ["Password:", passwordWord(user)],
    ["Classes:", classes === "" ? "none" : classes],
    ...notebooks.map(({ name, state }) => [`${`Notebook ${name}`.trim()}:`, state]),
    ["Added (UTC):", timeCell(user.created)],
    ["Signed in (UTC):", timeCell(user.last_sign_in, "never")],
    ["Last seen (UTC):", timeCell(user.last_activity, "never")],
    ["Id:", user.id],
  ]);
}

function sessionTable(list: readonly Session[]): string {
  const header = ["DEVICE", "ADDRESS", "SIGNED IN (UTC)", "LAST SEEN (UTC)", "STAYS"];
  const rows = list.map((session) => [
    session.device,
    session.address,
    timeCell(session.created),
    timeCell(session.last_seen),
    session.kept ? "yes" : "no",
  ]);
  return formatTable([header, ...rows]);
}
