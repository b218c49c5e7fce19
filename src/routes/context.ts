/** What middleware leaves for handlers on `ctx.state`. */
import type { Context } from "koa";
import type { Identity } from "#src/session/identity.ts";
import type { Visitor } from "#src/session/visits.ts";
import type { RequestContext } from "#src/session/request-context.ts";

export interface RequestState {
  /** Id, address and origin of the request. */
  request: RequestContext;
  /** Absent: nobody is signed in. */
  identity?: Identity;
  /** A session that is on a visit: to the hub it is nobody, until the password is given again. */
  parked?: Visitor;
  /** Value of the `_xsrf` cookie that the browser sent. */
  xsrfCookie?: string;
  /** After a wait: throws `sign_in_required` when whoever asked was signed out meanwhile. */
  assertStillThere?: () => void;
  /** The parsed form, read once. */
  form?: URLSearchParams;
  /** Answers of this route are JSON whatever the client prefers. */
  api: boolean;
}

export type HubContext = Context & {
  state: RequestState;
  params: Record<string, string>;
};
export type Handler = (ctx: HubContext) => Promise<void> | void;
export type HubMiddleware = (ctx: HubContext, next: () => Promise<unknown>) => Promise<void>;
