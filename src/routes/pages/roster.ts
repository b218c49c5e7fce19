/** Everyone whom the visitor sees, and where their accounts stand. */
import type { FailureData } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Views } from "#src/views/pages.ts";
import { type AccountModelParts, rosterRow } from "../account-models.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { visitorOf } from "../middleware/require.ts";
import { visiblePeople } from "../models.ts";
import { noticeOf } from "../notices.ts";

const notices = ["person_removed", "role_changed"] as const;

export interface RosterParts extends AccountModelParts {
  readonly accounts: Accounts;
  readonly frames: Frames;
  readonly views: Views;
}

export function rosterPages(parts: RosterParts) {
  return { show: (ctx: HubContext): void => renderRoster(ctx, parts) };
}

/** `problem`: what could not be done to somebody who has no page to say it on. */
export function renderRoster(ctx: HubContext, parts: RosterParts, problem?: FailureData): void {
  const { paths } = parts;
  const visitor = visitorOf(ctx);
  ctx.type = "html";
  const model = {
    rows: visiblePeople(visitor, parts).map((user) => rosterRow(user, visitor, parts)),
    urls: {
      add: paths.addPeople,
      trash: paths.trash,
      signUp: paths.signUpClasses,
      csv: paths.auditCsv,
    },
    ...noticeOf(ctx, notices),
    ...(problem === undefined ? {} : { problem }),
  };
  ctx.body = parts.views.page("roster", model, parts.frames.of(ctx, "people"));
}
