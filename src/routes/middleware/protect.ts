/** Cross-site requests change nothing: form token and Origin on every unsafe method of a page or API. */
import { HubError } from "#src/errors.ts";
import { type Csrf, checkOrigin } from "#src/session/csrf.ts";
import type { HubContext, HubMiddleware } from "../context.ts";
import { readForm } from "./body.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Where the guard of a form shows its problem itself (sign-in), instead of a message page. */
export type OnExpired = (ctx: HubContext) => Promise<void> | void;

export function protectFromForgery(csrf: Csrf, onExpired?: OnExpired): HubMiddleware {
  return async function protectFromForgery(ctx, next) {
    const { request, identity } = ctx.state;
    if (SAFE_METHODS.has(ctx.method) || isNoBrowser(ctx)) {
      await next();
      return;
    }
    const origins = { origin: header(ctx, "origin"), referer: header(ctx, "referer") };
    if (!checkOrigin(origins, request)) throw foreignOrigin(origins, request.origin);
    refuseFormToApi(ctx);
    const sent = await sentToken(ctx);
    const session = identity?.kind === "user" ? identity.session : undefined;
    const valid = csrf.isValid({
      ...(session === undefined ? {} : { session }),
      ...(ctx.state.xsrfCookie === undefined ? {} : { cookie: ctx.state.xsrfCookie }),
      ...(sent === undefined ? {} : { sent }),
    });
    if (valid) {
      await next();
      return;
    }
    if (onExpired === undefined) {
      throw new HubError("form_expired", { reason: forgeryReason(ctx.method, sent) });
    }
    await onExpired(ctx);
  };
}

/**
 * What no page can make a browser send: a token in a header, or, to the API, nothing that opens anything and no
 * `Origin`, which all browsers send with these methods.
 */
function isNoBrowser(ctx: HubContext): boolean {
  const { request, identity, api } = ctx.state;
  if (request.via === "console") return true;
  if (identity?.kind === "token" || identity?.kind === "service") return true;
  return api && identity === undefined && header(ctx, "origin") === undefined;
}

function header(ctx: HubContext, name: string): string | undefined {
  const value = ctx.req.headers[name];
  return typeof value === "string" ? value : undefined;
}

function foreignOrigin(
  { origin, referer = "" }: { origin: string | undefined; referer: string | undefined },
  ours: string,
): HubError {
  const theirs = origin ?? (URL.canParse(referer) ? new URL(referer).origin : "null");
  return new HubError("foreign_origin", { theirs: theirs.slice(0, 100), ours });
}

/** A form can be sent by any page, JSON cannot: with a cookie, JupyterHub's API takes JSON alone. */
function refuseFormToApi(ctx: HubContext): void {
  if (!ctx.state.api) return;
  const type = ctx.get("content-type");
  if (type !== "" && ctx.is("json") !== "json") throw new HubError("sign_in_required");
}

/** Query or form field `_xsrf`, then the header names that JupyterHub reads. */
async function sentToken(ctx: HubContext): Promise<string | undefined> {
  const query = new URLSearchParams(ctx.querystring).getAll("_xsrf");
  const named = [...query, header(ctx, "x-xsrftoken"), header(ctx, "x-csrftoken")];
  const sent = named.find((value) => value !== undefined && value !== "");
  if (sent !== undefined || ctx.state.api) return sent;
  return (await readForm(ctx)).get("_xsrf") ?? undefined;
}

/** JupyterHub's words. */
function forgeryReason(method: string, sent: string | undefined): string {
  return sent === undefined
    ? `'_xsrf' argument missing from ${method}`
    : `XSRF cookie does not match ${method} argument`;
}
