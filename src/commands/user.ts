/** `user add`, `list`, `reset` and `remove`. */
import * as v from "valibot";
import type { UserCommand } from "./arguments.ts";
import { CommandError, readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable } from "./table.ts";

const account = v.looseObject({
  name: v.string(),
  display_name: v.string(),
  role: v.string(),
  last_activity: v.nullable(v.string()),
  has_password: v.boolean(),
  must_change_password: v.boolean(),
});
type Account = v.InferOutput<typeof account>;

const accountList = v.object({ users: v.array(account) });
const added = v.object({ user: account, first_password: v.optional(v.string()) });
const wasReset = v.object({ first_password: v.string() });

export async function runUserCommand(
  command: UserCommand,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  switch (command.command) {
    case "user add":
      await add(command, host, hub);
      break;
    case "user list":
      await list(command, host, hub);
      break;
    case "user reset": {
      const answer = await hub.request("POST", accountPath(command.name, "/reset"));
      host.out(`${readBody(wasReset, answer).first_password}\n`);
      host.err(`That is the new first password of ${command.name}, changed at the next sign-in.\n`);
      break;
    }
    case "user remove":
      await hub.request("DELETE", accountPath(command.name));
      host.err(`${command.name} was removed.\n`);
      break;
  }
  return exitCodes.done;
}

async function add(
  command: Extract<UserCommand, { command: "user add" }>,
  host: Host,
  hub: HubAccess,
): Promise<void> {
  const { name, displayName, role, passwordFromInput } = command;
  const password = passwordFromInput ? await readPassword(host) : undefined;
  const body = { name, display_name: displayName, role, password };
  const answer = await hub.request("POST", "api/accounts", { body });
  const { user, first_password: firstPassword } = readBody(added, answer);
  if (firstPassword === undefined) {
    host.err(`${user.name} was added (${user.role}).\n`);
    return;
  }
  host.out(`${firstPassword}\n`);
  host.err(
    `${user.name} was added (${user.role}). That is the first password, changed at the first sign-in.\n`,
  );
}

async function readPassword(host: Host): Promise<string> {
  // What `echo` and an editor put behind it is not part of it.
  const password = (await host.readInput()).replace(/\r?\n$/, "");
  if (password === "") {
    throw new CommandError("--password-stdin: there is no password on standard input");
  }
  return password;
}

async function list(
  { json }: { readonly json: boolean },
  host: Host,
  hub: HubAccess,
): Promise<void> {
  const { users } = readBody(accountList, await hub.request("GET", "api/accounts"));
  if (json) {
    host.out(`${JSON.stringify(users, undefined, 2)}\n`);
    return;
  }
  const header = ["USER NAME", "NAME", "ROLE", "LAST SEEN (UTC)", "PASSWORD"];
  host.out(formatTable([header, ...users.map((user) => rowOf(user))]));
}

function rowOf(user: Account): readonly string[] {
  const seen = user.last_activity?.slice(0, 16).replace("T", " ") ?? "never";
  const password = user.must_change_password ? "first" : "own";
  return [user.name, user.display_name, user.role, seen, user.has_password ? password : "none"];
}

function accountPath(name: string, rest = ""): string {
  return `api/accounts/${encodeURIComponent(name)}${rest}`;
}
