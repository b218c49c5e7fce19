/** The newest lines of the audit, for `./homeroom audit`. */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { toUserName } from "#src/services/accounts/names.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import { mayReadLines } from "../audit-lines.ts";
import type { HubContext } from "../context.ts";
import { nobodyCalled } from "../person-of.ts";

interface AuditParts {
  readonly auditLog: AuditLog;
  readonly accounts: Accounts;
  readonly permissions: Permissions;
}

const DEFAULT_LIMIT = 100;
const MOST = 10_000;

const limitSchema = v.pipe(
  v.string(),
  v.regex(/^\d{1,6}$/, "must be a whole number"),
  v.transform(Number),
  v.minValue(1, "must be 1 or more"),
);

export function auditApi(parts: AuditParts) {
  async function list(ctx: HubContext): Promise<void> {
    const query = new URLSearchParams(ctx.querystring);
    const name = query.get("about");
    const about = name === null ? undefined : personAbout(ctx, name).id;
    const lines = await parts.auditLog.recent({
      limit: limitOf(query.get("limit")),
      mayRead: mayReadLines(ctx.state.identity, parts),
      ...(about === undefined ? {} : { about }),
    });
    ctx.body = { records: lines.map(lineModel) };
  }

  /** Also somebody in the trash, whose name may be free: the living go first, then the last removed. */
  function personAbout(ctx: HubContext, text: string): UserRecord {
    const { accounts, permissions } = parts;
    const { identity } = ctx.state;
    const living = accounts.byName(text);
    if (living !== undefined && permissions.may(identity, "read:audit", living)) return living;
    const name = toUserName(text);
    const trashed = accounts
      .trashed()
      .find((user) => user.name === name && permissions.may(identity, "restore:users", user));
    if (trashed === undefined) throw nobodyCalled(text);
    return trashed;
  }

  return { list };
}

function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const result = v.safeParse(limitSchema, text);
  if (!result.success) {
    throw new HubError("invalid_field", { reason: `limit: ${result.issues[0].message}` });
  }
  return Math.min(result.output, MOST);
}

function lineModel(line: AuditRecord) {
  return {
    at: line.at,
    action: line.action,
    actor: line.actor,
    actor_name: line.actorName,
    subject: line.subject ?? null,
    subject_name: line.subjectName ?? null,
    address: line.address ?? null,
    request: line.request ?? null,
    detail: line.detail ?? null,
  };
}
