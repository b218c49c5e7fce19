/** Adding people (ui.md T3): one, or a pasted list of names. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts.ts";
import { parseUserName, suggestUserName } from "#src/services/names.ts";
import { readRoster } from "#src/services/roster.ts";
import { type Permissions, actorOf } from "#src/session/identity.ts";
import type { Role, UserName } from "#src/stores/records.ts";
import type {
  AddPreviewRow,
  FirstPasswordCard,
  FormProblems,
  Pages,
  Views,
} from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { LIST_LIMIT, field, readForm } from "../middleware/body.ts";
import { visitorOf } from "../middleware/require.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import type { Paths } from "../paths.ts";

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
    const form = await readForm(ctx, LIST_LIMIT);
    const list = field(form, "list");
    if (list.trim() !== "") return addList(ctx, list);
    const values = { ...emptyValues, ...valuesOf(form) };
    try {
      const role = allowedRole(ctx, values.role);
      const name = values.username.trim() || suggestFor(values.displayName, new Set());
      const person = { name, displayName: values.displayName, role };
      const actor = actorOf(ctx.state.identity, ctx.state.request);
      const { user, firstPassword } = await accounts.add(person, actor);
      const card = {
        displayName: user.displayName,
        name: user.name,
        password: firstPassword ?? "",
      };
      showPasswords(ctx, [card], []);
    } catch (error) {
      if (!(error instanceof HubError) || error.status >= 500) throw error;
      ctx.status = error.status;
      render(ctx, values, formProblems(error, fields));
    }
  }

  /** One bad row never keeps the others from being added. */
  async function addList(ctx: HubContext, list: string): Promise<void> {
    const actor = actorOf(ctx.state.identity, ctx.state.request);
    // All at once: hashing has a queue of its own, and the answers keep the order of the list.
    const results = await Promise.all(
      previewOf(list).map(async (row): Promise<FirstPasswordCard | AddPreviewRow> => {
        if (row.problem !== undefined) return row;
        try {
          const { user, firstPassword = "" } = await accounts.add(row, actor);
          return { displayName: user.displayName, name: user.name, password: firstPassword };
        } catch (error) {
          if (!(error instanceof HubError) || error.status >= 500) throw error;
          return { ...row, problem: error.toData() };
        }
      }),
    );
    showPasswords(
      ctx,
      results.filter((result) => "password" in result),
      results.filter((result) => "line" in result),
    );
  }

  async function preview(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx, LIST_LIMIT);
    const list = field(form, "list");
    const rows = previewOf(list);
    render(ctx, { ...emptyValues, list }, { fields: {} }, rows.length === 0 ? undefined : rows);
  }

  function previewOf(list: string): readonly AddPreviewRow[] {
    const taken = new Set<UserName>();
    return readRoster(list).map((row) => {
      const typed = row.username ?? "";
      try {
        const name = typed === "" ? suggestFor(row.displayName, taken) : parseUserName(typed);
        if (taken.has(name) || accounts.byName(name) !== undefined) {
          throw new HubError("name_taken", { name });
        }
        taken.add(name);
        return { line: row.line, displayName: row.displayName, name };
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        return {
          line: row.line,
          displayName: row.displayName,
          name: typed,
          problem: error.toData(),
        };
      }
    });
  }

  function suggestFor(displayName: string, taken: ReadonlySet<UserName>): UserName {
    if (displayName.trim() === "") {
      throw new HubError("display_name_missing");
    }
    return suggestUserName(
      displayName,
      (name) => taken.has(name) || accounts.byName(name) !== undefined,
    );
  }

  function allowedRole(ctx: HubContext, role: Role): Role {
    if (role !== "student" && !permissions.may(ctx.state.identity, "change:roles")) {
      throw new HubError("not_allowed");
    }
    return role;
  }

  function showPasswords(
    ctx: HubContext,
    cards: readonly FirstPasswordCard[],
    refused: readonly AddPreviewRow[],
  ): void {
    const note = { cards, refused, reason: "added" as const };
    ctx.redirect(paths.firstPasswords(parts.notes.leave(visitorOf(ctx).session.id, note)));
  }

  /** Shown once: who loads it again is told so. */
  function passwords(ctx: HubContext): void {
    const note = parts.notes.take(visitorOf(ctx).session.id, ctx.params["id"] ?? "");
    const frame = parts.frames.of(ctx, "class");
    const backUrl = paths.admin;
    ctx.type = "html";
    ctx.body =
      note === undefined
        ? parts.views.page("shownOnce", { backUrl }, frame)
        : parts.views.page("firstPasswords", { ...note, address: addressOf(ctx), backUrl }, frame);
  }

  function addressOf(ctx: HubContext): string {
    return ctx.state.request.origin + paths.base;
  }

  function render(
    ctx: HubContext,
    values: Values,
    problems: FormProblems,
    rows?: readonly AddPreviewRow[],
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
    ctx.body = parts.views.page("addPeople", model, parts.frames.of(ctx, "class"));
  }

  return { show, add, preview, passwords };
}

function valuesOf(form: URLSearchParams): Omit<Values, "list"> {
  const role = field(form, "role");
  return {
    displayName: field(form, "display_name").slice(0, 300),
    username: field(form, "username").slice(0, 300),
    role: role === "teacher" || role === "owner" ? role : "student",
  };
}
