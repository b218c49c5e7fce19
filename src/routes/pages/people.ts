/** Adding people: one, or a pasted list of names. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import {
  type AddedRow,
  type PlannedRow,
  addPlanned,
  freeUserName,
  planRoster,
} from "#src/services/accounts/roster-plan.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { FormProblems, Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { field, readForm, typed } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";

interface PeopleParts {
  readonly accounts: Accounts;
  readonly permissions: Permissions;
  readonly notes: OneTimeNotes;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

type Values = Pages["addPeople"]["values"];

const emptyValues: Values = { displayName: "", username: "", list: "", role: "student" };
const fields: readonly Field[] = ["display_name", "username"];

export function peoplePages(parts: PeopleParts) {
  const { accounts, permissions, paths } = parts;

  function show(ctx: HubContext): void {
    render(ctx, emptyValues, { fields: {} });
  }

  async function add(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx);
    const values = valuesOf(form);
    const actor = actorIn(ctx);
    try {
      const { added, refused } =
        values.list.trim() === ""
          ? { added: [await addOne(ctx, values, parts)], refused: [] }
          : await addPlanned(planRoster(values.list, accounts), accounts, actor);
      const note = { cards: added, refused, reason: "added", back: "class" } as const;
      const id = parts.notes.leave(visitorOf(ctx).session.id, { ...note, backUrl: paths.admin });
      ctx.redirect(paths.firstPasswords(id));
    } catch (error) {
      refuse(ctx, values, error);
    }
  }

  async function preview(ctx: HubContext): Promise<void> {
    const values = valuesOf(await readForm(ctx));
    try {
      const rows = planRoster(values.list, accounts);
      render(ctx, values, { fields: {} }, rows.length === 0 ? undefined : rows);
    } catch (error) {
      refuse(ctx, values, error);
    }
  }

  /** The form again, with all that was typed. */
  function refuse(ctx: HubContext, values: Values, error: unknown): void {
    render(ctx, values, formProblems(refusalOf(ctx, error), fields));
  }

  function render(
    ctx: HubContext,
    values: Values,
    problems: FormProblems,
    rows?: readonly PlannedRow[],
  ): void {
    ctx.type = "html";
    const model = {
      action: paths.addPeople,
      previewAction: paths.previewPeople,
      values,
      mayAddStaff: permissions.may(ctx.state.identity, "change:roles"),
      problems,
      ...(rows === undefined ? {} : { preview: rows }),
    };
    ctx.body = parts.views.page("addPeople", model, parts.frames.of(ctx, "people"));
  }

  return { show, add, preview };
}

async function addOne(
  ctx: HubContext,
  values: Values,
  { accounts, permissions }: PeopleParts,
): Promise<AddedRow> {
  const { role } = values;
  if (role !== "student" && !permissions.may(ctx.state.identity, "change:roles")) {
    throw new HubError("not_allowed");
  }
  const name = values.username.trim() || freeUserName(values.displayName, accounts);
  const person = { name, displayName: values.displayName, role };
  const { user, firstPassword = "" } = await accounts.add(person, actorIn(ctx));
  return { displayName: user.displayName, name: user.name, password: firstPassword };
}

function valuesOf(form: URLSearchParams): Values {
  const role = field(form, "role");
  return {
    displayName: typed(form, "display_name"),
    username: typed(form, "username"),
    list: field(form, "list"),
    role: role === "teacher" || role === "owner" ? role : "student",
  };
}
