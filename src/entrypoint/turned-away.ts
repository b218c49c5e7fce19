/** Who asks for a server and is not let in, or not yet: led to the page that helps, or told why. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { HubError } from "#src/errors.ts";
import { encodeServerName } from "#src/services/servers/server-names.ts";
import { type UserPathAnswer, wantsPage } from "#src/routes/user-path-answer.ts";
import type { Answers } from "./answers.ts";
import type { Decision } from "./authorise.ts";
import { answerJson, redirect } from "./plain-answers.ts";
import type { ServerTarget } from "./target.ts";
import { refuseUpgrade } from "./upgrade-reply.ts";

export type Allowed = Extract<Decision, { is: "allowed" }>;
type NotAllowed = Exclude<Decision, Allowed>;
type About = Omit<UserPathAnswer, "path">;

const nobody: About = { ownServer: false };

export class TurnedAway {
  readonly #hub: string;
  readonly #answers: Answers;

  constructor(parts: { readonly basePath: string; readonly answers: Answers }) {
    this.#hub = `${parts.basePath}hub/`;
    this.#answers = parts.answers;
  }

  request(
    req: IncomingMessage,
    res: ServerResponse,
    target: ServerTarget,
    decision: NotAllowed,
  ): void {
    const tell = (failure: HubError, about = nobody): void =>
      this.#answers.respond(req, res, failure, about);
    // Without a token, if there was one: where this leads stays in histories.
    const next = `next=${encodeURIComponent(target.forward)}`;
    const lead = (page: string, failure: HubError, about = nobody): void => {
      if (wantsPage(req)) redirect(res, 302, `${this.#hub}${page}?${next}`);
      else tell(failure, about);
    };
    if (decision.is === "forged") return answerJson(res, 403, forgeryModel(decision));
    const failure = failureOf(target, decision);
    switch (decision.is) {
      case "sign_in":
      case "on_visit":
        return lead("login", failure);
      case "choose_password":
        return lead("first", failure);
      case "confirm_visit":
        return lead(`visit/${placeOf(target, decision)}`, failure);
      case "moved":
        if (isRead(req)) return redirect(res, 302, decision.location);
        return tell(failure);
      case "starting": {
        // Whoever is on a visit has no waiting room: they try again.
        if (decision.user.id !== decision.visitor.id) return tell(failure, aboutOf(decision));
        return lead(`spawn-pending/${placeOf(target, decision)}`, failure, aboutOf(decision));
      }
      case "refused":
        return tell(failure, aboutOf(decision));
      case "service":
        return tell(failure);
    }
  }

  /** Who upgrades is a program, even in a browser: none follows to a page. */
  upgrade(socket: Duplex, target: ServerTarget, decision: NotAllowed): void {
    if (decision.is === "forged") {
      refuseUpgrade(socket, 403, { body: JSON.stringify(forgeryModel(decision)) });
      return;
    }
    const { status, message, code, retryAfter } = failureOf(target, decision);
    const body = JSON.stringify({ status, message, code, reason: null });
    refuseUpgrade(socket, status, { body, retryAfter });
  }
}

type Forged = Extract<Decision, { is: "forged" }>;

function forgeryModel({ reason }: Forged) {
  return { message: reason, reason: null };
}

function failureOf({ name }: ServerTarget, decision: Exclude<NotAllowed, Forged>): HubError {
  switch (decision.is) {
    case "sign_in":
      return new HubError("sign_in_required");
    case "service":
      return new HubError("service_in_notebook", { name });
    case "choose_password":
      return new HubError("not_allowed");
    case "confirm_visit":
      return new HubError("visit_first");
    case "on_visit":
      return new HubError("on_visit");
    case "moved":
      return new HubError("not_found");
    case "starting":
    case "refused":
      return decision.failure;
  }
}

export function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

/** The person and the server, as they stand in an address. */
function placeOf({ name }: ServerTarget, { server }: { readonly server: string }): string {
  return server === "" ? name : `${name}/${encodeServerName(server)}`;
}

export function aboutOf(
  decision: Extract<Decision, { is: "allowed" | "starting" | "refused" }>,
): About {
  const { visitor, user } = decision;
  const server = decision.is === "allowed" ? decision.route.serverName : decision.server;
  return {
    visitor,
    ...(user === undefined ? {} : { user }),
    ...(server === undefined ? {} : { server }),
    ownServer: user?.id === visitor.id,
  };
}
