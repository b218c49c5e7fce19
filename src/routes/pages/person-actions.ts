/** What the forms about one person do. Whatever is refused is said on the page that the form stands on. */
import { HubError, failureText } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Permission } from "#src/session/identity.ts";
import type { Role, UserId, UserRecord } from "#src/stores/records.ts";
import type { PersonNotice } from "#src/views/people-pages.ts";
import type { Handler, HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import { nobodyCalled, personOf } from "../person-of.ts";
import { type PersonParts, type Refused, renderPerson } from "./person.ts";
import { renderRoster } from "./roster.ts";

export interface PersonActionParts extends PersonParts {
  readonly notes: OneTimeNotes;
  readonly log: Logger;
}

interface Asked {
  readonly ctx: HubContext;
  readonly subject: UserRecord;
  readonly actor: Actor;
  readonly form: URLSearchParams;
}

/** The answer is where to go when it is done. */
type Work = (asked: Asked) => Promise<string>;

/** How a refused form is shown again. */
interface Again {
  readonly refused?: (form: URLSearchParams, error: HubError) => Refused;
  readonly render?: (ctx: HubContext, user: UserRecord, refused: Refused) => Promise<void> | void;
}

const nameFields: readonly Field[] = ["username", "display_name"];

export function personActions(parts: PersonActionParts) {
  const { accounts, servers, sessions, paths } = parts;

  function act(permission: Permission, work: Work, again: Again = {}): Handler {
    const { refused = (_form, error) => ({ problem: error.toData() }), render = renderAgain } =
      again;
    return async function act(ctx) {
      const form = await readForm(ctx);
      try {
        const subject = subjectOf(ctx, permission, form, parts);
        const actor = actorIn(ctx);
        ctx.redirect(await work({ ctx, subject, actor, form }));
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        answerRefusal(ctx, error, parts.log);
        const present = visiblePerson(ctx, form, parts);
        if (present === undefined) renderRoster(ctx, parts, error.toData());
        else await render(ctx, present, refused(form, error));
      }
    };
  }

  const renderAgain = (ctx: HubContext, user: UserRecord, refused: Refused): Promise<void> =>
    renderPerson(ctx, user, parts, refused);

  const backTo = (user: UserRecord, notice: PersonNotice): string =>
    `${paths.person(user.name)}?notice=${notice}`;

  function renderRemoval(ctx: HubContext, user: UserRecord, { problem }: Refused = {}): void {
    ctx.type = "html";
    const model = {
      action: paths.remove(user.name),
      name: user.name,
      displayName: user.displayName,
      running: servers.status(user.id).is !== "stopped",
      backUrl: paths.person(user.name),
      ...(problem === undefined ? {} : { problem }),
    };
    ctx.body = parts.views.page("removePerson", model, parts.frames.of(ctx, "people"));
  }

  return {
    rename: act(
      "rename:users",
      async ({ subject, actor, form }) => {
        const change = { name: field(form, "username"), displayName: field(form, "display_name") };
        if (change.displayName.trim() === "") throw new HubError("display_name_missing");
        return backTo(await accounts.rename(subject.id, change, actor), "renamed");
      },
      {
        refused: (form, error) => ({
          problems: formProblems(error, nameFields),
          values: { username: typed(form, "username"), displayName: typed(form, "display_name") },
        }),
      },
    ),

    disable: act("disable:users", async ({ subject, actor }) =>
      backTo(await accounts.setDisabled(subject.id, true, actor), "disabled"),
    ),

    enable: act("disable:users", async ({ subject, actor }) =>
      backTo(await accounts.setDisabled(subject.id, false, actor), "enabled"),
    ),

    role: act("change:roles", async ({ ctx, subject, actor, form }) => {
      const user = await accounts.setRole(subject.id, roleOf(form), actor);
      // Whoever changes their own role is signed out by it, and may see less from then on.
      const isSelf = visitorOf(ctx).user.id === user.id;
      return isSelf ? `${paths.people}?notice=role_changed` : backTo(user, "role_changed");
    }),

    signOut: act("sessions", async ({ subject, actor }) => {
      await sessions.endAll(subject.id, { actor });
      return backTo(subject, "signed_out");
    }),

    /** One that has ended by itself meanwhile is as good as ended. */
    endSession: act("sessions", async ({ ctx, subject, actor }) => {
      const wanted = ctx.params["session"];
      const session = sessions.ofUser(subject.id).find(({ id }) => id === wanted);
      if (session !== undefined) await sessions.end(session.id, actor);
      return backTo(subject, "session_ended");
    }),

    start: act("servers", async ({ subject, actor }) => {
      await servers.start(subject, actor);
      return backTo(subject, "server_started");
    }),

    stop: act("servers", async ({ subject, actor }) => {
      await servers.stop(subject.id, actor);
      return backTo(subject, "server_stopped");
    }),

    /** A new first password; files and running notebook stay as they are. */
    reset: act("reset:passwords", async ({ ctx, subject, actor, form }) => {
      const visitor = visitorOf(ctx);
      if (subject.id === visitor.user.id) return paths.account;
      const { user, firstPassword } = await accounts.resetPassword(subject.id, actor);
      const card = { displayName: user.displayName, name: user.name, password: firstPassword };
      const isFromPage = field(form, "back") === "person";
      return paths.firstPasswords(
        parts.notes.leave(visitor.session.id, {
          cards: [card],
          refused: [],
          reason: "reset",
          back: isFromPage ? "person" : "class",
          backUrl: isFromPage ? paths.person(user.name) : paths.admin,
        }),
      );
    }),

    confirmRemove: (ctx: HubContext): void =>
      renderRemoval(ctx, personOf(ctx, "delete:users", parts)),

    remove: act(
      "delete:users",
      async ({ subject, actor }) => {
        await accounts.remove(subject.id, actor);
        return `${paths.people}?notice=person_removed`;
      },
      { render: renderRemoval },
    ),
  };
}

/**
 * Whom the URL names. A form that is sent twice finds who was renamed by the first: by the id that stands in it.
 * Those whom the visitor may not see look as if there were nobody.
 */
function subjectOf(
  ctx: HubContext,
  permission: Permission,
  form: URLSearchParams,
  parts: PersonActionParts,
): UserRecord {
  const user = visiblePerson(ctx, form, parts);
  if (user === undefined) throw nobodyCalled(ctx.params["name"] ?? "");
  if (!parts.permissions.may(ctx.state.identity, permission, user)) {
    throw new HubError("not_allowed");
  }
  return user;
}

/** The person, if the visitor may see their page. */
function visiblePerson(
  ctx: HubContext,
  form: URLSearchParams,
  { accounts, permissions }: PersonActionParts,
): UserRecord | undefined {
  const sent = field(form, "id") as UserId; // Whatever was sent: it is only looked up.
  const user = accounts.byName(ctx.params["name"] ?? "") ?? accounts.byId(sent);
  return user !== undefined && permissions.may(ctx.state.identity, "admin:users", user)
    ? user
    : undefined;
}

export function answerRefusal(ctx: HubContext, error: HubError, log: Logger): void {
  ctx.status = error.status;
  if (error.retryAfter !== undefined) ctx.set("retry-after", String(Math.ceil(error.retryAfter)));
  if (error.status < 500) return;
  const teacher = failureText(error.toData(), "teacher");
  log.error({ request: ctx.state.request.id, code: error.code, err: error, teacher }, "failed");
}

/** What is shown again is no longer than a form takes. */
function typed(form: URLSearchParams, name: string): string {
  return field(form, name).slice(0, 300);
}

function roleOf(form: URLSearchParams): Role {
  const role = field(form, "role");
  if (role === "owner" || role === "teacher" || role === "student") return role;
  throw new HubError("bad_request");
}
