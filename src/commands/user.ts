/** `user add`, `list`, `show` and what is done to one account. The trash has its own file. */
import * as v from "valibot";
import { account, type Account, accountPath, passwordWord, stateWord } from "./account-rows.ts";
import type { UserCommand } from "./command.ts";
import { CommandError, readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable, timeCell } from "./table.ts";
import { eraseUser, listTrash, restoreUser } from "./trash.ts";
import { showUser } from "./user-show.ts";

const accountList = v.object({ users: v.array(account) });
const oneAccount = v.object({ user: account });
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
      await (command.trash ? listTrash(command, host, hub) : list(command, host, hub));
      break;
    case "user show":
      await showUser(command, host, hub);
      break;
    case "user restore":
      await restoreUser(command, host, hub);
      break;
    case "user erase":
      return eraseUser(command, host, hub);
    default:
      await changeOne(command, host, hub);
  }
  return exitCodes.done;
}

type OneAccountCommand = Exclude<
  UserCommand,
  { command: "user add" | "user list" | "user show" | "user restore" | "user erase" }
>;

async function changeOne(command: OneAccountCommand, host: Host, hub: HubAccess): Promise<void> {
  const { name } = command;
  const change = async (body: object) => {
    const answer = await hub.request("PATCH", accountPath(name), { body });
    return readBody(oneAccount, answer).user;
  };
  switch (command.command) {
    case "user reset": {
      const answer = await hub.request("POST", accountPath(name, "/reset"));
      host.out(`${readBody(wasReset, answer).first_password}\n`);
      host.err(`That is the new first password of ${name}, changed at the next sign-in.\n`);
      return;
    }
    case "user remove":
      await hub.request("DELETE", accountPath(name));
      host.err(
        `${name} is in the trash; the files are kept. “user restore ${name}” brings the account back, ` +
          `“user erase ${name}” removes it with its files for good.\n`,
      );
      return;
    case "user rename": {
      const { newName, displayName } = command;
      const user = await change({ name: newName, display_name: displayName });
      host.err(`${name} is ${user.name} (${user.display_name}) now; the files stay.\n`);
      return;
    }
    case "user disable": {
      const user = await change({ disabled: true });
      host.err(`${user.name} is locked and cannot sign in; the files stay.\n`);
      return;
    }
    case "user enable": {
      const user = await change({ disabled: false });
      host.err(`${user.name} is not locked, and can sign in.\n`);
      return;
    }
    case "user role": {
      const user = await change({ role: command.role });
      host.err(`${user.name} has the role ${user.role}.\n`);
      return;
    }
    case "user accept": {
      const answer = await hub.request("POST", accountPath(name, "/accept"));
      host.err(`${readBody(oneAccount, answer).user.name} belongs to the class.\n`);
      return;
    }
    case "user sign-out":
      await hub.request("DELETE", accountPath(name, "/sessions"));
      host.err(`${name} is signed out everywhere.\n`);
  }
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
  const header = ["USER NAME", "NAME", "ROLE", "STATE", "LAST SEEN (UTC)", "PASSWORD"];
  host.out(formatTable([header, ...users.map((user) => rowOf(user))]));
}

function rowOf(user: Account): readonly string[] {
  return [
    user.name,
    user.display_name,
    user.role,
    stateWord(user),
    timeCell(user.last_activity, "never"),
    passwordWord(user),
  ];
}
