/** First passwords that were just made, to be written down or printed. */
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { visitorOf } from "../middleware/require.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import type { Paths } from "../paths.ts";

interface FirstPasswordsParts {
  readonly notes: OneTimeNotes;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  /** Where people reach the box, when it is not what this visitor typed. */
  readonly publicUrl: string | undefined;
}

export function firstPasswordsPages(parts: FirstPasswordsParts) {
  const { paths } = parts;

  /** Shown once: who loads it again is told so. */
  function show(ctx: HubContext): void {
    const note = parts.notes.take(visitorOf(ctx).session.id, ctx.params["id"] ?? "");
    const frame = parts.frames.of(ctx, "people");
    const backUrl = paths.admin;
    ctx.type = "html";
    ctx.body =
      note === undefined
        ? parts.views.page("shownOnce", { backUrl }, frame)
        : parts.views.page("firstPasswords", { ...note, address: addressOf(ctx) }, frame);
  }

  function addressOf(ctx: HubContext): string {
    const { publicUrl } = parts;
    const origin = publicUrl === undefined ? ctx.state.request.origin : new URL(publicUrl).origin;
    return origin + paths.base;
  }

  return { show };
}
