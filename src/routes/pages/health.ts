/** Health of the box, and the line about it on other pages. */
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import { worstFirst } from "#src/services/box/findings.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { HealthLine, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import type { Frames } from "../frames.ts";
import type { Paths } from "../paths.ts";

interface HealthParts {
  readonly checks: BoxChecks;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export function healthPages({ checks, frames, views, paths }: HealthParts) {
  async function show(ctx: HubContext): Promise<void> {
    const found = await checks.run();
    const frame = frames.of(ctx);
    ctx.type = "html";
    const model = {
      checks: found,
      worst: worstFirst(found)[0]?.status ?? "ok",
      action: paths.health,
      ...(checks.isNoticeDue() ? { noticeAction: paths.healthNotice } : {}),
      ...(ctx.query["notice"] === "read" ? { notice: "read" as const } : {}),
    };
    ctx.body = views.page("health", model, frame);
  }

  /** Looks anew, and not at what was found some seconds ago. */
  async function again(ctx: HubContext): Promise<void> {
    await checks.run({ anew: true });
    ctx.redirect(paths.health);
  }

  async function takeNotice(ctx: HubContext): Promise<void> {
    await checks.takeNotice(actorIn(ctx));
    ctx.redirect(`${paths.health}?notice=read`);
  }

  return { show, again, takeNotice };
}

/** For those who keep the box; nobody else has such a line. Made without waiting for anything. */
export function healthLine(
  visitor: Identity,
  parts: {
    readonly checks: BoxChecks;
    readonly permissions: Permissions;
    readonly paths: Paths;
  },
): { readonly health?: HealthLine } {
  if (!parts.permissions.may(visitor, "admin:box")) return {};
  const [worst, ...more] = parts.checks.glance();
  const url = parts.paths.health;
  return { health: worst === undefined ? { url } : { url, worst, more: more.length } };
}
