/** Lines of the audit: which of them a visitor may read, and what pages show of them. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { MayRead } from "#src/services/audit/audit-log.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { AuditRecord, Role, UserId } from "#src/stores/records.ts";
import type { AuditLine, AuditWho } from "#src/views/people-pages.ts";

interface Parts {
  readonly accounts: Pick<Accounts, "byId" | "trashedById">;
  readonly permissions: Permissions;
}

/** Owners read everything; teachers what they did, what their students did, and what was done to either. */
export function mayReadLines(
  identity: Identity | undefined,
  { accounts, permissions }: Parts,
): MayRead {
  if (identity === undefined) return () => false;
  if (identity.kind === "console") return () => true;
  // A token reads what its scopes say, whosever it is.
  const isOwner = identity.kind === "user" && accounts.byId(identity.user.id)?.role === "owner";
  if (isOwner) return () => true;
  // Looked up once for each person, not for each of their lines.
  const known = new Map<UserId, boolean>();
  const mayRead = (id: UserId): boolean => {
    const trashed = accounts.trashedById(id);
    const user = trashed ?? accounts.byId(id);
    const permission = trashed === undefined ? "read:audit" : "restore:users";
    return user !== undefined && permissions.may(identity, permission, user);
  };
  const isMine = (id: UserId): boolean => {
    const answer = known.get(id) ?? mayRead(id);
    known.set(id, answer);
    return answer;
  };
  return ({ actor, subject }) =>
    (subject !== undefined && isMine(subject)) || (isUser(actor) && isMine(actor));
}

/** `about`: whom the page is about, whose name need not be said again in each line. */
export function auditLine(line: AuditRecord, about?: UserId): AuditLine {
  const subject = subjectOf(line);
  const isSaid = line.subject !== undefined && line.subject === about;
  return {
    at: line.at,
    action: line.action,
    by: actorOfLine(line),
    ...(subject === undefined || isSaid ? {} : { about: subject }),
    ...(line.address === undefined ? {} : { address: line.address }),
    ...(line.request === undefined ? {} : { request: line.request }),
    ...moreOf(line),
    ...changesOf(line),
  };
}

export function actorOfLine({ actor, actorName }: AuditRecord): AuditWho {
  return isUser(actor) || actor === "service" ? personOrNobody(actorName) : { is: actor };
}

function subjectOf({ subject, subjectName = "" }: AuditRecord): AuditWho | undefined {
  return subject === undefined && subjectName === "" ? undefined : personOrNobody(subjectName);
}

function personOrNobody(name: string): AuditWho {
  return name === "" ? { is: "erased" } : { is: "person", name };
}

function isUser(actor: AuditRecord["actor"]): actor is UserId {
  return actor !== "console" && actor !== "hub" && actor !== "service" && actor !== "anonymous";
}

function moreOf({
  action,
  detail = {},
}: AuditRecord): Pick<AuditLine, "times" | "device" | "wasLocked" | "group" | "server"> {
  const { count, device, reason, class: group, server } = detail;
  const isAboutSession = action.startsWith("session.");
  return {
    ...(typeof count === "number" && count > 1 ? { times: count } : {}),
    ...(isAboutSession && typeof device === "string" ? { device } : {}),
    ...(reason === "account_locked" ? { wasLocked: true } : {}),
    ...(action.startsWith("group.") && typeof group === "string" ? { group } : {}),
    ...(action.startsWith("server.") && typeof server === "string" ? { server } : {}),
  };
}

function changesOf({ action, detail = {} }: AuditRecord): Pick<AuditLine, "roles" | "names"> {
  const { from, to, displayFrom, displayTo } = detail;
  if (action === "user.role_changed") {
    return isRole(from) && isRole(to) ? { roles: { oldRole: from, newRole: to } } : {};
  }
  if (action !== "user.renamed" && action !== "user.restored") return {};
  const pairs = [
    [from, to],
    [displayFrom, displayTo],
  ];
  const names = pairs.flatMap(([oldName, newName]) =>
    typeof oldName === "string" && typeof newName === "string" ? [{ oldName, newName }] : [],
  );
  return names.length === 0 ? {} : { names };
}

function isRole(text: unknown): text is Role {
  return text === "owner" || text === "teacher" || text === "student";
}
