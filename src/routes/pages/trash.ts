/** Those who were removed: back again, or gone for good (ui.md T5; design D19). */
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Erasure } from "#src/services/accounts/erasure.ts";
import { suggestUserName } from "#src/services/accounts/names.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { HomeUsage } from "#src/services/servers/home-usage.ts";
import type { Permission } from "#src/session/identity.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import type { FormProblems, Views } from "#src/views/pages.ts";
import type { TrashRow } from "#src/views/people-pages.ts";
import { type AccountModelParts, classNames, personUrl } from "../account-models.ts";
import { actorOfLine } from "../audit-lines.ts";
import type { HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { answerRefusal } from "./person-actions.ts";

interface TrashParts extends AccountModelParts {
  readonly accounts: Accounts;
  readonly erasure: Pick<Erasure, "erase">;
  readonly auditLog: AuditLog;
  readonly homeUsage: HomeUsage;
  readonly frames: Frames;
  readonly views: Views;
  readonly log: Logger;
}

const notices = ["person_erased", "person_erasing"] as const;
const restoreFields: readonly Field[] = ["username"];
const eraseFields: readonly Field[] = ["confirm"];
const noProblems: FormProblems = { fields: {} };

export function trashPages(parts: TrashParts) {
  const { accounts, permissions, paths, views, frames } = parts;

  async function show(ctx: HubContext): Promise<void> {
    await render(ctx);
  }

  async function render(ctx: HubContext, problem?: FailureData): Promise<void> {
    const people = accounts
      .trashed()
      .filter((user) => permissions.may(ctx.state.identity, "restore:users", user));
    const removals = await parts.auditLog.removals(new Set(people.map(({ id }) => id)));
    const mayErase = permissions.may(ctx.state.identity, "erase:users");
    const notice = notices.find((known) => known === ctx.query["notice"]);
    ctx.type = "html";
    const model = {
      rows: people.map((user) => trashRow(user, removals.get(user.id), mayErase)),
      peopleUrl: paths.people,
      ...(notice === undefined ? {} : { notice }),
      ...(problem === undefined ? {} : { problem }),
    };
    ctx.body = views.page("trash", model, frames.of(ctx, "people"));
  }

  function trashRow(user: UserRecord, removal: AuditRecord | undefined, mayErase: boolean) {
    const former = (user.formerGroups ?? []).map(({ groupId }) => groupId);
    const row: TrashRow = {
      name: user.name,
      displayName: user.displayName,
      role: user.role,
      classes: classNames(parts.store, former),
      deleted: user.deleted ?? "",
      ...(removal === undefined ? {} : { by: actorOfLine(removal) }),
      isErasing: user.erasing !== undefined,
      restoreUrl: paths.restore(user.id),
      ...(mayErase ? { eraseUrl: paths.erase(user.id) } : {}),
    };
    return row;
  }

  async function showRestore(ctx: HubContext): Promise<void> {
    await onPage(ctx, "restore:users", (user) => renderRestore(ctx, user, noProblems));
  }

  function renderRestore(
    ctx: HubContext,
    user: UserRecord,
    problems: FormProblems,
    value?: string,
  ): void {
    const isTaken = accounts.byName(user.name) !== undefined;
    ctx.type = "html";
    const model = {
      action: paths.restore(user.id),
      name: user.name,
      displayName: user.displayName,
      isTaken,
      value: value ?? (isTaken ? freeNameFor(user) : user.name),
      problems,
      backUrl: paths.trash,
    };
    ctx.body = views.page("restorePerson", model, frames.of(ctx, "people"));
  }

  function freeNameFor({ displayName }: UserRecord): string {
    return suggestUserName(displayName, (name) => accounts.byName(name) !== undefined);
  }

  async function restore(ctx: HubContext): Promise<void> {
    await onPage(ctx, "restore:users", async (user) => {
      const name = field(await readForm(ctx), "username").trim();
      try {
        const actor = actorIn(ctx);
        const restored = await accounts.restore(user.id, name === "" ? {} : { name }, actor);
        const page = personUrl(restored, ctx.state.identity, parts);
        ctx.redirect(page === undefined ? paths.people : `${page}?notice=restored`);
      } catch (error) {
        if (!isSaidOnForm(error, user)) throw error;
        answerRefusal(ctx, error, parts.log);
        const value = error.code === "name_taken" ? freeNameFor(user) : name.slice(0, 300);
        renderRestore(ctx, user, formProblems(error, restoreFields), value);
      }
    });
  }

  async function showErase(ctx: HubContext): Promise<void> {
    await onPage(ctx, "erase:users", (user) => renderErase(ctx, user, noProblems, ""));
  }

  async function renderErase(
    ctx: HubContext,
    user: UserRecord,
    problems: FormProblems,
    value: string,
  ): Promise<void> {
    const usage = await parts.homeUsage.look(user.id);
    ctx.type = "html";
    const model = {
      action: paths.erase(user.id),
      name: user.name,
      displayName: user.displayName,
      value,
      usage,
      problems,
      backUrl: paths.trash,
    };
    ctx.body = views.page("erasePerson", model, frames.of(ctx, "people"));
  }

  async function erase(ctx: HubContext): Promise<void> {
    await onPage(ctx, "erase:users", async (user) => {
      const confirm = field(await readForm(ctx), "confirm");
      try {
        const actor = actorIn(ctx);
        await parts.erasure.erase(user.id, confirm, actor);
        const isGone = accounts.trashedById(user.id) === undefined;
        ctx.redirect(`${paths.trash}?notice=${isGone ? "person_erased" : "person_erasing"}`);
      } catch (error) {
        if (!isSaidOnForm(error, user)) throw error;
        answerRefusal(ctx, error, parts.log);
        await renderErase(ctx, user, formProblems(error, eraseFields), confirm.slice(0, 300));
      }
    });
  }

  /** A form about somebody who is still there to be restored or erased is shown again; else the trash says it. */
  function isSaidOnForm(error: unknown, { id }: UserRecord): error is HubError {
    const user = accounts.trashedById(id);
    return error instanceof HubError && user !== undefined && user.erasing === undefined;
  }

  /** Whom the URL names; what is wrong with that is said on the page of the trash. */
  async function onPage(
    ctx: HubContext,
    permission: Permission,
    work: (user: UserRecord) => Promise<void> | void,
  ): Promise<void> {
    try {
      const user = accounts.trashedById(ctx.params["id"] ?? "");
      if (user === undefined || !permissions.may(ctx.state.identity, permission, user)) {
        throw new HubError("not_in_trash");
      }
      if (user.erasing !== undefined) throw new HubError("erasing_now", { name: user.name });
      await work(user);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      answerRefusal(ctx, error, parts.log);
      await render(ctx, error.toData());
    }
  }

  return { show, showRestore, restore, showErase, erase };
}
