/** Those who were removed: back again, or gone for good. */
import type { FailureData } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import type { Views } from "#src/views/pages.ts";
import type { TrashRow } from "#src/views/people-pages.ts";
import { type AccountModelParts, classNames } from "../account-models.ts";
import { actorOfLine } from "../audit-lines.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { noticeOf } from "../notices.ts";

export interface TrashParts extends AccountModelParts {
  readonly accounts: Accounts;
  readonly auditLog: AuditLog;
  readonly frames: Frames;
  readonly views: Views;
}

const notices = ["person_erased", "person_erasing"] as const;

export function trashPages(parts: TrashParts) {
  return { show: (ctx: HubContext): Promise<void> => renderTrash(ctx, parts) };
}

/** `problem`: what could not be done to somebody who is not, or not to be touched, in the trash. */
export async function renderTrash(
  ctx: HubContext,
  parts: TrashParts,
  problem?: FailureData,
): Promise<void> {
  const { identity } = ctx.state;
  const people = parts.accounts
    .trashed()
    .filter((user) => parts.permissions.may(identity, "restore:users", user));
  const removals = await parts.auditLog.removals(new Set(people.map(({ id }) => id)));
  const mayErase = parts.permissions.may(identity, "erase:users");
  ctx.type = "html";
  const model = {
    rows: people.map((user) => trashRow(user, { removal: removals.get(user.id), mayErase }, parts)),
    peopleUrl: parts.paths.people,
    ...noticeOf(ctx, notices),
    ...(problem === undefined ? {} : { problem }),
  };
  ctx.body = parts.views.page("trash", model, parts.frames.of(ctx, "people"));
}

function trashRow(
  user: UserRecord,
  { removal, mayErase }: { readonly removal: AuditRecord | undefined; readonly mayErase: boolean },
  { store, paths }: TrashParts,
): TrashRow {
  const former = (user.formerGroups ?? []).map(({ groupId }) => groupId);
  return {
    name: user.name,
    displayName: user.displayName,
    role: user.role,
    classes: classNames(store, former),
    deleted: user.deleted ?? "",
    ...(removal === undefined ? {} : { by: actorOfLine(removal) }),
    isErasing: user.erasing !== undefined,
    restoreUrl: paths.restore(user.id),
    ...(mayErase ? { eraseUrl: paths.erase(user.id) } : {}),
  };
}
