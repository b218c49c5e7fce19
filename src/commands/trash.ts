/** `user list --trash`, `user restore` and `user erase`: people who were removed. */
import * as v from "valibot";
import { toUserName } from "#src/services/accounts/names.ts";
import type { UserCommand } from "./command.ts";
import { CommandError, readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable, timeCell } from "./table.ts";

const trashed = v.looseObject({
  id: v.string(),
  name: v.string(),
  display_name: v.string(),
  role: v.string(),
  deleted: v.nullable(v.string()),
  erasing: v.boolean(),
});
type Trashed = v.InferOutput<typeof trashed>;
const trash = v.object({ users: v.array(trashed) });
const restored = v.object({ user: v.looseObject({ name: v.string() }) });

type Command<Name extends UserCommand["command"]> = Extract<UserCommand, { command: Name }>;

export async function listTrash(
  { json }: { readonly json: boolean },
  host: Host,
  hub: HubAccess,
): Promise<void> {
  const users = await readTrash(hub);
  host.out(json ? `${JSON.stringify(users, undefined, 2)}\n` : trashTable(users));
}

export async function restoreUser(
  { name, as }: Command<"user restore">,
  host: Host,
  hub: HubAccess,
): Promise<void> {
  const { id } = await findTrashed(name, hub);
  const body = as === undefined ? {} : { name: as };
  const answer = await hub.request("POST", `api/trash/${id}/restore`, {
    body,
    hints: { name_taken: `Choose another with: user restore ${name} --as NEWNAME` },
  });
  const { user } = readBody(restored, answer);
  host.err(`${user.name} is back, with files, classes and password as they were.\n`);
}

/** What cannot be taken back is asked for twice: the user name has to be typed. */
export async function eraseUser(
  { name, confirm }: Command<"user erase">,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  const user = await findTrashed(name, hub);
  const typed = confirm ?? (await ask(user, host));
  if (typed === "") {
    host.err("Nothing was erased.\n");
    return exitCodes.failed;
  }
  const answer = await hub.request("DELETE", `api/trash/${user.id}`, { body: { confirm: typed } });
  host.err(
    answer.status === 202
      ? `${user.name} is being erased, and cannot be brought back. It goes on by itself while Homeroom runs and ` +
          "Docker answers; “user list --trash” shows the account until it is done.\n"
      : `${user.name} is erased: account and files are gone.\n`,
  );
  return exitCodes.done;
}

async function ask(user: Trashed, host: Host): Promise<string> {
  host.err(
    `This erases ${user.display_name} (${user.name}) with all files, for good.\nType the user name to go on: `,
  );
  const typed = (await host.readLine()).trim();
  host.err("\n");
  return typed;
}

async function readTrash(hub: HubAccess): Promise<readonly Trashed[]> {
  return readBody(trash, await hub.request("GET", "api/trash")).users;
}

/** By id, or by the name that the account had, in any spelling. */
async function findTrashed(text: string, hub: HubAccess): Promise<Trashed> {
  const users = await readTrash(hub);
  const name = toUserName(text);
  const byId = users.filter(({ id }) => id === text);
  const [found, ...more] = byId.length > 0 ? byId : users.filter((user) => user.name === name);
  if (found === undefined) {
    throw new CommandError(
      `nobody called ${text} is in the trash. “user list --trash” shows who is; “user remove” puts somebody there`,
    );
  }
  if (more.length > 0) {
    throw new CommandError(
      `${more.length + 1} people in the trash were called ${found.name}. Say which by the id:\n\n${trashTable([found, ...more]).trimEnd()}`,
    );
  }
  return found;
}

function trashTable(users: readonly Trashed[]): string {
  const header = ["ID", "FORMER USER NAME", "NAME", "ROLE", "REMOVED (UTC)", "STATE"];
  const rows = users.map((user) => [
    user.id,
    user.name,
    user.display_name,
    user.role,
    timeCell(user.deleted),
    user.erasing ? "being erased" : "in the trash",
  ]);
  return formatTable([header, ...rows]);
}
