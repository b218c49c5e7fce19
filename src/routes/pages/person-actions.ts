/** What the forms about one person do. Whatever is refused is said on the page that the form stands on. */
import { HubError } from "#src/errors.ts";
import type { Role, UserRecord } from "#src/stores/records.ts";
import type { PersonNotice } from "#src/views/people-pages.ts";
import type { HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import { field, typed } from "../middleware/body.ts";
import { visitorOf } from "../middleware/require.ts";
import { openNotebooks } from "../models.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import { type PersonForm, type PersonFormParts, personForm } from "../person-form.ts";
import { personOf } from "../person-of.ts";
import type { Paths } from "../paths.ts";
import type { Refused } from "./person.ts";

interface PersonActionParts extends PersonFormParts {
  readonly notes: OneTimeNotes;
}

const nameFields: readonly Field[] = ["username", "display_name"];

export function personActions(parts: PersonActionParts) {
  const act = personForm(parts);
  return {
    ...accountActions(act, parts),
    ...sessionActions(act, parts),
    ...notebookActions(act, parts),
    ...passwordActions(act, parts),
    ...removal(act, parts),
  };
}

function accountActions(act: PersonForm, { accounts, paths }: PersonActionParts) {
  return {
    rename: act(
      "rename:users",
      async ({ subject, actor, form }) => {
        const change = { name: field(form, "username"), displayName: field(form, "display_name") };
        if (change.displayName.trim() === "") throw new HubError("display_name_missing");
        return backTo(await accounts.rename(subject.id, change, actor), "renamed", paths);
      },
      {
        refused: (form, error) => ({
          problems: formProblems(error, nameFields),
          values: { username: typed(form, "username"), displayName: typed(form, "display_name") },
        }),
      },
    ),

    disable: act("disable:users", async ({ subject, actor }) =>
      backTo(await accounts.setDisabled(subject.id, true, actor), "disabled", paths),
    ),

    enable: act("disable:users", async ({ subject, actor }) =>
      backTo(await accounts.setDisabled(subject.id, false, actor), "enabled", paths),
    ),

    role: act("change:roles", async ({ ctx, subject, actor, form }) => {
      const user = await accounts.setRole(subject.id, roleOf(form), actor);
      // Whoever changes their own role is signed out by it, and may see less from then on.
      const isSelf = visitorOf(ctx).user.id === user.id;
      return isSelf ? `${paths.people}?notice=role_changed` : backTo(user, "role_changed", paths);
    }),
  };
}

function sessionActions(act: PersonForm, { sessions, paths }: PersonActionParts) {
  return {
    signOut: act("sessions", async ({ subject, actor }) => {
      await sessions.endAll(subject.id, { actor });
      return backTo(subject, "signed_out", paths);
    }),

    /** One that has ended by itself meanwhile is as good as ended. */
    endSession: act("sessions", async ({ ctx, subject, actor }) => {
      const wanted = ctx.params["session"];
      const session = sessions.ofUser(subject.id).find(({ id }) => id === wanted);
      if (session !== undefined) await sessions.end(session.id, actor);
      return backTo(subject, "session_ended", paths);
    }),
  };
}

function notebookActions(act: PersonForm, { servers, paths }: PersonActionParts) {
  return {
    start: act("servers", async ({ subject, actor }) => {
      await servers.start(subject, actor);
      return backTo(subject, "server_started", paths);
    }),

    stop: act("servers", async ({ subject, actor }) => {
      await servers.stop(subject.id, actor);
      return backTo(subject, "server_stopped", paths);
    }),
  };
}

function passwordActions(act: PersonForm, { accounts, notes, paths }: PersonActionParts) {
  return {
    /** A new first password; files and running notebook stay as they are. */
    reset: act("reset:passwords", async ({ ctx, subject, actor, form }) => {
      const visitor = visitorOf(ctx);
      if (subject.id === visitor.user.id) return paths.account;
      const { user, firstPassword } = await accounts.resetPassword(subject.id, actor);
      const card = { displayName: user.displayName, name: user.name, password: firstPassword };
      const isFromPage = field(form, "back") === "person";
      return paths.firstPasswords(
        notes.leave(visitor.session.id, {
          cards: [card],
          refused: [],
          reason: "reset",
          back: isFromPage ? "person" : "class",
          backUrl: isFromPage ? paths.person(user.name) : paths.admin,
        }),
      );
    }),
  };
}

function removal(act: PersonForm, parts: PersonActionParts) {
  const { accounts, servers, paths } = parts;

  function render(ctx: HubContext, user: UserRecord, { problem }: Refused = {}): void {
    ctx.type = "html";
    const model = {
      action: paths.remove(user.name),
      id: user.id,
      name: user.name,
      displayName: user.displayName,
      open: openNotebooks(user, servers),
      backUrl: paths.person(user.name),
      ...(problem === undefined ? {} : { problem }),
    };
    ctx.body = parts.views.page("removePerson", model, parts.frames.of(ctx, "people"));
  }

  return {
    confirmRemove: (ctx: HubContext): void => render(ctx, personOf(ctx, "delete:users", parts)),

    remove: act(
      "delete:users",
      async ({ subject, actor }) => {
        await accounts.remove(subject.id, actor);
        return `${paths.people}?notice=person_removed`;
      },
      { render },
    ),
  };
}

function backTo(user: UserRecord, notice: PersonNotice, paths: Paths): string {
  return `${paths.person(user.name)}?notice=${notice}`;
}

function roleOf(form: URLSearchParams): Role {
  const role = field(form, "role");
  if (role === "owner" || role === "teacher" || role === "student") return role;
  throw new HubError("bad_request");
}
