/** The newest lines of the audit, for `./homeroom audit`. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { toUserName } from "#src/services/accounts/names.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import { mayReadLines } from "../audit-lines.ts";
import type { HubContext } from "../context.ts";
import { nobodyCalled } from "../person-of.ts";
import { readQuery } from "./schemas/bodies.ts";
import { type AuditLine, auditQuery } from "./schemas/box.ts";

interface AuditParts {
  readonly auditLog: AuditLog;
  readonly accounts: Accounts;
  readonly permissions: Permissions;
}

export function auditApi(parts: AuditParts) {
  async function list(ctx: HubContext): Promise<void> {
    const { about: name, limit } = readQuery(ctx, auditQuery);
    const about = name === undefined ? undefined : personAbout(ctx, name).id;
    const lines = await parts.auditLog.recent({
      limit,
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

function lineModel(line: AuditRecord): AuditLine {
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
