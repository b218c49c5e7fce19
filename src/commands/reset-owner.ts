/** `reset-owner`: the way back in for an owner who cannot sign in. */
import * as v from "valibot";
import type { ResetOwnerCommand } from "./command.ts";
import { readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";

const reset = v.object({
  name: v.string(),
  first_password: v.string(),
  was_locked: v.boolean(),
  was_made_owner: v.boolean(),
});

/** The password alone on standard output. */
export async function runResetOwner(
  { name }: ResetOwnerCommand,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  const body = name === undefined ? {} : { name };
  const owner = readBody(reset, await hub.request("POST", "api/owner/reset", { body }));
  host.out(`${owner.first_password}\n`);
  if (owner.was_made_owner) {
    host.err(`No owner could sign in, so ${owner.name} is an owner of this box from now on.\n`);
  }
  if (owner.was_locked) {
    host.err(`The account ${owner.name} was locked; it is open again.\n`);
  }
  host.err(
    `That is the new first password of ${owner.name}, changed at the next sign-in. ` +
      "Whoever was signed in with this account is signed out; files stay.\n",
  );
  return exitCodes.done;
}
