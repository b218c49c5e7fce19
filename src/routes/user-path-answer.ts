/** Answers below `{B}user/…` that are not a container's: what the gateway asks for, and who gets a page. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HubError } from "#src/errors.ts";
import type { UserRecord } from "#src/stores/records.ts";

export interface UserPathPages {
  /**
   * Answers with the failure: a page for people, JSON for programs (`wantsPage`). Status, `Retry-After` and
   * body are this function's; the request's body is the caller's business.
   */
  respond(
    req: IncomingMessage,
    res: ServerResponse,
    failure: HubError,
    about: UserPathAnswer,
  ): void;
}

export interface UserPathAnswer {
  /** Path and query as they came. */
  readonly path: string;
  /** Who asks, when signed in. */
  readonly visitor?: UserRecord;
  /** Whose server it is; absent whenever the visitor may not know whether there is such a person. */
  readonly user?: UserRecord;
  /** Which of their servers; absent and `""`: the first one. */
  readonly server?: string;
  readonly ownServer: boolean;
}

/** Whether a person looks at the answer: JupyterHub's rule. */
export function wantsPage(req: Pick<IncomingMessage, "method" | "url" | "headers">): boolean {
  if (req.method !== "GET" && req.method !== "HEAD") return false;
  const path = (req.url ?? "").split("?", 1)[0] ?? "";
  if (path.split("/").includes("api")) return false;
  const accept = req.headers.accept ?? "";
  return !accept.includes("application/json") || accept.includes("text/html");
}
