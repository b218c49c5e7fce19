/** What can be done with somebody in the trash: put back, or erased for good. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Erasure } from "#src/services/accounts/erasure.ts";
import { suggestUserName } from "#src/services/accounts/names.ts";
import type { HomeUsage } from "#src/services/servers/home-usage.ts";
import type { Permission } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { FormProblems } from "#src/views/pages.ts";
import { personUrl } from "../account-models.ts";
import type { Handler, HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import { field, readForm, typed } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { anyRefusalOf } from "../refusals.ts";
import { type TrashParts, renderTrash } from "./trash.ts";

interface TrashedPersonParts extends TrashParts {
  readonly erasure: Pick<Erasure, "erase">;
  readonly homeUsage: HomeUsage;
  readonly log: Logger;
}

/** A form as it is shown: as it begins, or with what was typed and what is wrong with it. */
interface Shown {
  readonly value?: string;
  readonly problems: FormProblems;
}

const restoreFields: readonly Field[] = ["username"];
const eraseFields: readonly Field[] = ["confirm"];
const begun: Shown = { problems: { fields: {} } };

export function restoreForm(parts: TrashedPersonParts) {
  const { accounts, paths } = parts;

  function render(ctx: HubContext, user: UserRecord, { value, problems }: Shown): void {
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
    ctx.body = parts.views.page("restorePerson", model, parts.frames.of(ctx, "people"));
  }

  function freeNameFor({ displayName }: UserRecord): string {
    return suggestUserName(displayName, (name) => accounts.byName(name) !== undefined);
  }

  const show = aboutTrashed(parts, "restore:users", (ctx, user) => render(ctx, user, begun));

  const submit = aboutTrashed(parts, "restore:users", async (ctx, user) => {
    const form = await readForm(ctx);
    const name = field(form, "username").trim();
    try {
      const wish = name === "" ? {} : { name };
      const restored = await accounts.restore(user.id, wish, actorIn(ctx));
      const page = personUrl(restored, ctx.state.identity, parts);
      ctx.redirect(page === undefined ? paths.people : `${page}?notice=restored`);
    } catch (error) {
      const refused = refusalOnForm(ctx, error, user, parts);
      const value = refused.code === "name_taken" ? freeNameFor(user) : typed(form, "username");
      render(ctx, user, { value, problems: formProblems(refused, restoreFields) });
    }
  });

  return { show, submit };
}

export function eraseForm(parts: TrashedPersonParts) {
  const { accounts, paths } = parts;

  async function render(ctx: HubContext, user: UserRecord, shown: Shown): Promise<void> {
    const usage = await parts.homeUsage.look(user.id);
    ctx.type = "html";
    const model = {
      action: paths.erase(user.id),
      name: user.name,
      displayName: user.displayName,
      value: shown.value ?? "",
      usage,
      problems: shown.problems,
      backUrl: paths.trash,
    };
    ctx.body = parts.views.page("erasePerson", model, parts.frames.of(ctx, "people"));
  }

  const show = aboutTrashed(parts, "erase:users", (ctx, user) => render(ctx, user, begun));

  const submit = aboutTrashed(parts, "erase:users", async (ctx, user) => {
    const form = await readForm(ctx);
    try {
      await parts.erasure.erase(user.id, field(form, "confirm"), actorIn(ctx));
      const isGone = accounts.trashedById(user.id) === undefined;
      ctx.redirect(`${paths.trash}?notice=${isGone ? "person_erased" : "person_erasing"}`);
    } catch (error) {
      const problems = formProblems(refusalOnForm(ctx, error, user, parts), eraseFields);
      await render(ctx, user, { value: typed(form, "confirm"), problems });
    }
  });

  return { show, submit };
}

/** Whom the URL names; what is wrong with that is said on the page of the trash. */
function aboutTrashed(
  parts: TrashedPersonParts,
  permission: Permission,
  work: (ctx: HubContext, user: UserRecord) => Promise<void> | void,
): Handler {
  return async function aboutTrashed(ctx) {
    try {
      const user = parts.accounts.trashedById(ctx.params["id"] ?? "");
      if (user === undefined || !parts.permissions.may(ctx.state.identity, permission, user)) {
        throw new HubError("not_in_trash");
      }
      if (user.erasing !== undefined) throw new HubError("erasing_now", { name: user.name });
      await work(ctx, user);
    } catch (error) {
      const refused = anyRefusalOf(ctx, error, parts.log);
      await renderTrash(ctx, parts, refused.toData());
    }
  };
}

/** A form about somebody who is still there to be restored or erased is shown again; else the trash says it. */
function refusalOnForm(
  ctx: HubContext,
  error: unknown,
  { id }: UserRecord,
  { accounts, log }: TrashedPersonParts,
): HubError {
  const user = accounts.trashedById(id);
  if (user === undefined || user.erasing !== undefined) throw error;
  return anyRefusalOf(ctx, error, log);
}
