/** Who may make their own account, as the teacher of a class says. */
import { HubError } from "#src/errors.ts";
import {
  MOST_PLACES,
  type SignUpChange,
  type SignUpClasses,
  type SignUpTime,
} from "#src/services/accounts/sign-up-classes.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { GroupRecord } from "#src/stores/records.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { SignUpClassCard } from "#src/views/sign-up-pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { noticeOf } from "../notices.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";

interface SignUpClassesParts {
  readonly classes: SignUpClasses;
  readonly permissions: Permissions;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  /** Where people reach the box, when it is not what this visitor typed. */
  readonly publicUrl: string | undefined;
}

const notices = ["code", "open", "off"] as const;

export function signUpClassesPages(parts: SignUpClassesParts) {
  const { classes, paths } = parts;

  function show(ctx: HubContext): void {
    render(ctx, noticeOf(ctx, notices));
  }

  async function submit(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx);
    const { id } = classOf(ctx, field(form, "class"), parts);
    try {
      const change = changeOf(form);
      await classes.set(id, change, actorIn(ctx));
      ctx.redirect(`${paths.signUpClasses}?notice=${change.mode}`);
    } catch (error) {
      render(ctx, { problem: refusalOf(ctx, error).toData() });
    }
  }

  function render(
    ctx: HubContext,
    more: Partial<Pick<Pages["signUpClasses"], "notice" | "problem">>,
  ): void {
    ctx.type = "html";
    const model = {
      action: paths.signUpClasses,
      classes: ownClasses(ctx, parts).map((group) => card(ctx, group)),
      mostPlaces: MOST_PLACES,
      backUrl: paths.admin,
      ...more,
    };
    ctx.body = parts.views.page("signUpClasses", model, parts.frames.of(ctx, "class"));
  }

  function card(ctx: HubContext, group: GroupRecord): SignUpClassCard {
    const { id, name, signUp } = group;
    if (signUp.mode !== "code") return { id, name, state: signUp.mode };
    const { code, taken, places, expires } = signUp;
    const state = classes.accepts(group) ? "code" : classes.isOver(id, signUp) ? "over" : "full";
    return {
      id,
      name,
      state,
      code: {
        code,
        address: originOf(ctx) + paths.signUp(code),
        taken,
        ...(places === undefined ? {} : { places }),
        ...(expires === undefined ? {} : { expires }),
      },
    };
  }

  function originOf(ctx: HubContext): string {
    const { publicUrl } = parts;
    return publicUrl === undefined ? ctx.state.request.origin : new URL(publicUrl).origin;
  }

  return { show, submit };
}

type Reach = Pick<SignUpClassesParts, "classes" | "permissions">;

export function ownClasses(
  ctx: HubContext,
  { classes, permissions }: Reach,
): readonly GroupRecord[] {
  const { identity } = ctx.state;
  return classes.list().filter(({ id }) => permissions.mayInGroup(identity, "sign-up:groups", id));
}

/** Another teacher's class is as if there were none. Throws `class_not_found`. */
export function classOf(ctx: HubContext, id: string, reach: Reach): GroupRecord {
  const group = ownClasses(ctx, reach).find((own) => own.id === id);
  if (group === undefined) throw new HubError("class_not_found");
  return group;
}

/** Throws `bad_request` for what our form does not send, `places_wrong`. */
function changeOf(form: URLSearchParams): SignUpChange {
  const mode = field(form, "mode");
  if (mode === "off" || mode === "open") return { mode };
  if (mode !== "code") throw new HubError("bad_request");
  const time = timeOf(field(form, "time"));
  const typed = field(form, "places").trim();
  return {
    mode,
    ...(time === undefined ? {} : { time }),
    // What is no number is refused as one that is too small.
    ...(typed === "" ? {} : { places: /^\d{1,9}$/.test(typed) ? Number(typed) : 0 }),
  };
}

function timeOf(text: string): SignUpTime | undefined {
  if (text === "lesson" || text === "today" || text === "week") return text;
  if (text !== "until_closed") throw new HubError("bad_request");
  return undefined;
}
