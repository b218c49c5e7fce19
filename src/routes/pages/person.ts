/** One person: what is known of them, and what can be done. */
import { type FailureData, HubError } from "#src/errors.ts";
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { HomeUsage } from "#src/services/servers/home-usage.ts";
import { isReady } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Identity } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { FormProblems, Pages } from "#src/views/pages.ts";
import { personNotices } from "#src/views/people-pages.ts";
import { accountState, classNames } from "../account-models.ts";
import { actorOfLine, auditLine, mayReadLines } from "../audit-lines.ts";
import type { HubContext } from "../context.ts";
import { visitorOf } from "../middleware/require.ts";
import { deviceRows, namedServers, openNotebooks } from "../models.ts";
import { noticeOf } from "../notices.ts";
import { personOf } from "../person-of.ts";
import type { RosterParts } from "./roster.ts";

const LOG_LINES = 30;
const AUDIT_LINES = 20;

export interface PersonParts extends RosterParts {
  readonly servers: Servers;
  readonly sessions: Sessions;
  readonly auditLog: AuditLog;
  readonly homeUsage: HomeUsage;
}

/** What a form leaves on the page that it comes back to. */
export interface Refused {
  readonly problem?: FailureData;
  readonly problems?: FormProblems;
  readonly values?: Partial<Pages["person"]["values"]>;
}

export function personPages(parts: PersonParts) {
  /** Another spelling of the name leads to the one address that the page has. */
  async function show(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "admin:users", parts);
    if (ctx.params["name"] !== user.name) return ctx.redirect(parts.paths.person(user.name));
    await renderPerson(ctx, user, parts);
  }

  return { show };
}

export async function renderPerson(
  ctx: HubContext,
  user: UserRecord,
  parts: PersonParts,
  { problem, problems = { fields: {} }, values = {} }: Refused = {},
): Promise<void> {
  const { servers, homeUsage, store } = parts;
  const visitor = visitorOf(ctx);
  const [usage, log, told] = await Promise.all([
    homeUsage.look(user.id),
    logOf(user, visitor, parts),
    auditOf(user, visitor, parts),
  ]);
  const lastFailure = servers.lastFailure(user.id);
  const groups = membershipsOf(store, user.id).map(({ groupId }) => groupId);
  ctx.type = "html";
  const model: Pages["person"] = {
    id: user.id,
    name: user.name,
    displayName: user.displayName,
    role: user.role,
    isSelf: visitor.user.id === user.id,
    state: accountState(user),
    classes: classNames(store, groups),
    created: user.created,
    ...(user.lastSignIn === undefined ? {} : { lastSignIn: user.lastSignIn }),
    ...(user.joined === undefined ? {} : { joined: user.joined }),
    ...(user.disabled === undefined ? {} : { lockedSince: user.disabled }),
    status: servers.status(user.id),
    open: openNotebooks(user, servers),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...log,
    usage,
    ...devicesOf(user, visitor, parts),
    ...told,
    values: { username: user.name, displayName: user.displayName, role: user.role, ...values },
    problems,
    ...(problem === undefined ? {} : { problem }),
    ...(problem === undefined ? noticeOf(ctx, personNotices) : {}),
    may: mayDo(user, visitor, parts),
    ...namedOf(user, visitor, parts),
    ...visitOf(user, visitor, parts),
    urls: urlsOf(user, parts),
  };
  ctx.body = parts.views.page("person", model, parts.frames.of(ctx, "people"));
}

function namedOf(
  user: UserRecord,
  visitor: Identity & { kind: "user" },
  { servers, permissions, paths }: PersonParts,
): Pick<Pages["person"], "named"> {
  if (!permissions.may(visitor, "servers", user)) return {};
  const named = namedServers(user, servers, paths, {
    isOwn: visitor.user.id === user.id,
    mayReadLog: permissions.may(visitor, "read:logs", user),
  });
  return named.rows.length === 0 ? {} : { named };
}

function mayDo(
  user: UserRecord,
  visitor: Identity & { kind: "user" },
  { permissions }: PersonParts,
): Pages["person"]["may"] {
  const isOther = visitor.user.id !== user.id;
  const may = (permission: Parameters<typeof permissions.may>[1]): boolean =>
    permissions.may(visitor, permission, user);
  return {
    server: user.disabled === undefined && may("servers"),
    reset: isOther && may("reset:passwords"),
    rename: may("rename:users"),
    lock: isOther && may("disable:users"),
    role: may("change:roles"),
    remove: isOther && may("delete:users"),
    accept: user.isNewcomer === true && may("admin:users"),
    sessions: may("sessions"),
  };
}

/** Those of its notebooks that run and that the visitor may look into. */
function visitOf(
  user: UserRecord,
  visitor: Identity & { kind: "user" },
  { permissions, servers, paths }: PersonParts,
): Pick<Pages["person"], "visits"> {
  if (visitor.user.id === user.id) return {};
  const visits = servers
    .of(user.id)
    .filter(({ name, status }) => isReady(status) && permissions.mayVisit(visitor, user, name))
    .map(({ name }) => ({ name, url: paths.visit(user.name, name) }));
  return visits.length === 0 ? {} : { visits };
}

function urlsOf({ name }: UserRecord, { paths }: PersonParts): Pages["person"]["urls"] {
  return {
    self: paths.person(name),
    people: paths.people,
    account: paths.account,
    start: paths.personAction(name, "start"),
    stop: paths.personAction(name, "stop"),
    log: paths.log(name),
    reset: paths.reset(name),
    rename: paths.personAction(name, "rename"),
    disable: paths.personAction(name, "disable"),
    enable: paths.personAction(name, "enable"),
    role: paths.personAction(name, "role"),
    accept: paths.accept(name),
    refuse: paths.refuse(name),
    remove: paths.remove(name),
    signOut: paths.personAction(name, "sign-out"),
  };
}

function devicesOf(
  user: UserRecord,
  visitor: Identity & { kind: "user" },
  { permissions, sessions, paths }: PersonParts,
): Pick<Pages["person"], "devices"> {
  if (!permissions.may(visitor, "sessions", user)) return {};
  const endUrl = (id: string): string => paths.personAction(user.name, `sessions/${id}/end`);
  return { devices: deviceRows(sessions.ofUser(user.id), { own: visitor.session.id, endUrl }) };
}

/** An engine that is known to be away is not asked. */
async function logOf(
  user: UserRecord,
  visitor: Identity,
  { permissions, servers }: PersonParts,
): Promise<Pick<Pages["person"], "log">> {
  if (!permissions.may(visitor, "read:logs", user)) return {};
  const trouble = servers.trouble();
  if (trouble !== undefined && servers.status(user.id).is !== "stopped") {
    return { log: { lines: [], failure: trouble } };
  }
  try {
    return { log: { lines: await servers.log(user.id, LOG_LINES) } };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { log: { lines: [], failure: error.toData() } };
  }
}

/** Lines that the visitor may not read are not there; who made the account may be one of them. */
async function auditOf(
  user: UserRecord,
  visitor: Identity,
  parts: PersonParts,
): Promise<Pick<Pages["person"], "audit" | "createdBy">> {
  const mayRead = mayReadLines(visitor, parts);
  const { lines, made } = await parts.auditLog.ofPerson(user.id, { limit: AUDIT_LINES, mayRead });
  return {
    audit: lines.map((line) => auditLine(line, user.id)),
    ...(made === undefined || made.action !== "user.added" ? {} : { createdBy: actorOfLine(made) }),
  };
}
