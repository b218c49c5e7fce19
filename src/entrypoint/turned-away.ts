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
    switch (decision.is) {
      case "sign_in":
        return lead("login", new HubError("sign_in_required"));
      case "service":
        return tell(new HubError("service_in_notebook", { name: target.name }));
      case "choose_password":
        return lead("first", new HubError("not_allowed"));
      case "confirm_visit":
        return lead(`visit/${placeOf(target, decision)}`, new HubError("visit_first"));
      case "on_visit":
        return lead("login", new HubError("on_visit"));
      case "forged":
        return answerJson(res, 403, { message: decision.reason, reason: null });
      case "moved":
        if (isRead(req)) return redirect(res, 302, decision.location);
        return tell(new HubError("not_found"));
      case "starting": {
        // Whoever is on a visit has no waiting room: they try again.
        if (decision.user.id !== decision.visitor.id) {
          return tell(decision.failure, aboutOf(decision));
        }
        const page = `spawn-pending/${placeOf(target, decision)}`;
        return lead(page, decision.failure, aboutOf(decision));
      }
      case "refused":
        return tell(decision.failure, aboutOf(decision));
    }
  }

  upgrade(socket: Duplex, decision: NotAllowed): void {
    switch (decision.is) {
      case "sign_in":
      case "service":
      case "choose_password":
      case "confirm_visit":
      case "on_visit":
        refuseUpgrade(socket, 403);
        return;
      case "forged":
        refuseUpgrade(socket, 403, {
          body: JSON.stringify({ message: decision.reason, reason: null }),
        });
        return;
      case "moved":
        refuseUpgrade(socket, 404);
        return;
      case "starting":
      case "refused":
        refuseUpgrade(socket, decision.failure.status, { retryAfter: decision.failure.retryAfter });
        return;
    }
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
