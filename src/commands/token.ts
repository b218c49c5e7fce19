/** `token`: an API token for a program of a person, or of a service that the configuration names. */
import * as v from "valibot";
import type { TokenCommand } from "./command.ts";
import { readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";

const made = v.object({
  user: v.string(),
  id: v.string(),
  token: v.string(),
  expires_at: v.nullable(v.string()),
});
const service = v.object({ token: v.string() });

/** The token alone on standard output. */
export async function runToken(
  command: TokenCommand,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  if ("service" in command) {
    const path = `api/services/${encodeURIComponent(command.service)}/token`;
    host.out(`${readBody(service, await hub.request("GET", path)).token}\n`);
    return exitCodes.done;
  }
  const { name, note, scopes, expiresIn } = command;
  const body = {
    note: note ?? "Made by ./homeroom token",
    ...(scopes === undefined ? {} : { scopes }),
    ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
  };
  const path = `api/users/${encodeURIComponent(name)}/tokens`;
  const token = readBody(made, await hub.request("POST", path, { body }));
  host.out(`${token.token}\n`);
  const end =
    token.expires_at === null ? "is revoked" : `ends at ${token.expires_at}, or is revoked`;
  host.err(
    `That is token ${token.id} of ${token.user}, good until it ${end}. It is shown only now; whoever has it may do ` +
      `what ${token.user} may${scopes === undefined ? "" : ", within its scopes"}.\n`,
  );
  return exitCodes.done;
}
