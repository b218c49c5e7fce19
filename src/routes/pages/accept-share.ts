/** Taking what somebody gave a link for. */
import { HubError } from "#src/errors.ts";
import type { ShareCodes } from "#src/services/shares/share-codes.ts";
import { scopesOf, serverOf } from "#src/services/shares/shared-access.ts";
import type { ServerName } from "#src/services/shares/share-plans.ts";
import type { ShareCodeRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { ShareRight } from "#src/views/share-pages.ts";
import { scopeLines } from "#src/views/scope-lines.ts";
import type { HubContext } from "../context.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import { nextOf } from "../next-url.ts";
import { destination, enter, isRunning, type OthersParts, othersModel } from "./others-notebook.ts";

interface AcceptParts extends OthersParts {
  readonly shareCodes: ShareCodes;
  readonly store: StoreReader;
}

const rightOf: Readonly<Record<string, readonly ShareRight[]>> = {
  "access:servers": ["open"],
  servers: ["look", "start", "stop"],
  "start:servers": ["start"],
  "delete:servers": ["stop"],
  "read:servers": ["look"],
};

export function acceptSharePages(parts: AcceptParts) {
  const { shareCodes, paths } = parts;

  function show(ctx: HubContext): void {
    const text = ctx.query["code"];
    if (typeof text !== "string" || text === "") throw new HubError("bad_request");
    const code = shareCodes.find(text);
    const server = code && holding(code);
    if (code === undefined || server === undefined) {
      throw new HubError("share_code_not_found", { reason: "Share not found or expired" });
    }
    if (isOwn(ctx, server)) throw new HubError("share_own_link");
    const scopes = scopesOf(code);
    ctx.type = "html";
    const model = {
      action: paths.acceptShare(nextOf(ctx)),
      code: text,
      rights: [...new Set(scopes.flatMap((scope) => rightOf[scope] ?? []))],
      otherScopes: scopeLines(
        scopes.filter((scope) => !Object.hasOwn(rightOf, scope)),
        visitorOf(ctx).user.name,
      ),
      ...othersModel(server, parts),
    };
    ctx.body = parts.views.page("acceptShare", model, parts.frames.of(ctx, "home"));
  }

  /** What it says on the page is the explicit step: a notebook that runs is entered at once. */
  async function accept(ctx: HubContext): Promise<void> {
    const text = field(await readForm(ctx), "code") || String(ctx.query["code"] ?? "");
    const code = shareCodes.find(text);
    const server = code && holding(code);
    if (code === undefined || server === undefined) throw new HubError("share_code_over");
    if (isOwn(ctx, server)) throw new HubError("share_with_self");
    const { user } = visitorOf(ctx);
    await shareCodes.exchange(code, user, actorIn(ctx));
    const { identity } = ctx.state;
    const { owner, name } = server;
    const mayOpen = parts.permissions.may(identity, "access:servers", owner, name);
    if (mayOpen && isRunning(server, parts)) return enter(ctx, server, parts);
    ctx.redirect(destination(ctx, server, parts));
  }

  /** Of an owner who may not share any more, nothing is left to take. */
  function holding(code: ShareCodeRecord): ServerName | undefined {
    const owner = parts.accounts.byId(code.ownerId);
    const server = serverOf(parts.store, code);
    if (owner === undefined || server === undefined) return undefined;
    return parts.permissions.mayAs(owner, "shares", owner)
      ? { owner, name: server.name }
      : undefined;
  }

  function isOwn(ctx: HubContext, { owner }: ServerName): boolean {
    return owner.id === visitorOf(ctx).user.id;
  }

  return { show, accept };
}
