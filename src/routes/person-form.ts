/** A form about one person: whom it is about, whether the visitor may, and where what is refused is said. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Permission } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Handler, HubContext } from "./context.ts";
import { readForm } from "./middleware/body.ts";
import { actorIn } from "./middleware/require.ts";
import { type PersonParts, type Refused, renderPerson } from "./pages/person.ts";
import { renderRoster } from "./pages/roster.ts";
import { nobodyCalled, personMeant } from "./person-of.ts";
import { anyRefusalOf } from "./refusals.ts";

export interface PersonFormParts extends PersonParts {
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

/** How a refused form is shown again: on the person's page with the refusal above it, unless said otherwise. */
interface Again {
  readonly refused?: (form: URLSearchParams, error: HubError) => Refused;
  readonly render?: (ctx: HubContext, user: UserRecord, refused: Refused) => Promise<void> | void;
}

export type PersonForm = (permission: Permission, work: Work, again?: Again) => Handler;

export function personForm(parts: PersonFormParts): PersonForm {
  return (permission, work, again = {}) => {
    const refusedAs = again.refused ?? ((_form, error) => ({ problem: error.toData() }));
    const render =
      again.render ?? ((ctx, user, refused) => renderPerson(ctx, user, parts, refused));
    return async function personForm(ctx) {
      const form = await readForm(ctx);
      try {
        const subject = subjectOf(ctx, permission, form, parts);
        const actor = actorIn(ctx);
        ctx.redirect(await work({ ctx, subject, actor, form }));
      } catch (error) {
        const refused = anyRefusalOf(ctx, error, parts.log);
        const present = visiblePerson(ctx, form, parts);
        if (present === undefined) renderRoster(ctx, parts, refused.toData());
        else await render(ctx, present, refusedAs(form, refused));
      }
    };
  };
}

/**
 * Whom the form is about. Those whom the visitor may not see look as if there were nobody.
 */
function subjectOf(
  ctx: HubContext,
  permission: Permission,
  form: URLSearchParams,
  parts: PersonFormParts,
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
  { accounts, permissions }: PersonFormParts,
): UserRecord | undefined {
  const user = personMeant(ctx, form, accounts);
  return user !== undefined && permissions.may(ctx.state.identity, "admin:users", user)
    ? user
    : undefined;
}
