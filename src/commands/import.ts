/**
 * `import`: moving in from a JupyterHub. The script reads its files and hands them on by standard input; here they are
 * passed to the hub, and what became of them is told.
 */
import { Readable } from "node:stream";
import * as v from "valibot";
import type { ImportCommand } from "./command.ts";
import { CommandError, readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable } from "./table.ts";
import { volumeSpellings } from "./volume-spellings.ts";

const MOST_BYTES = 80 * 1024 * 1024;
const READ_MS = 150_000;
/** A home may be large, and the disk slow. */
const HOME_MS = 24 * 3_600_000;

const person = v.looseObject({
  was: v.string(),
  becomes: v.picklist(["new", "there", "other", "in_trash", "refused"]),
  name: v.nullable(v.string()),
  role: v.nullable(v.string()),
  password: v.nullable(v.string()),
  classes: v.array(v.string()),
  problem: v.nullable(v.string()),
});
type Person = v.InferOutput<typeof person>;
const oneClass = v.looseObject({
  was: v.string(),
  becomes: v.picklist(["new", "there", "refused"]),
  problem: v.nullable(v.string()),
});
const moved = v.object({
  applied: v.boolean(),
  people: v.array(person),
  classes: v.array(oneClass),
  strangers: v.array(v.string()),
});
type Moved = v.InferOutput<typeof moved>;
const awaiting = v.object({ people: v.array(v.object({ name: v.string(), was: v.string() })) });
const received = v.object({ name: v.string(), folder: v.string() });

export async function runImport(
  command: ImportCommand,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  switch (command.command) {
    case "import jupyterhub":
      return movePeople(command, host, hub);
    case "import homes":
      return listHomes(host, hub);
    case "import home":
      return moveHome(command, host, hub);
  }
}

async function movePeople(
  { admins, apply, json }: Extract<ImportCommand, { command: "import jupyterhub" }>,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  const bytes = await readAll(host.openInput());
  const path = `api/import/jupyterhub?admins=${admins}&apply=${apply ? 1 : 0}`;
  const upload = (): Readable => Readable.from([bytes]);
  const answer = await hub.request("POST", path, { upload, timeoutMs: READ_MS });
  const found = readBody(moved, answer);
  if (json) {
    host.out(`${JSON.stringify(found, undefined, 2)}\n`);
  } else {
    host.out(peopleTable(found.people));
    host.err(remarksOn(found));
  }
  return exitCodes.done;
}

async function readAll(input: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MOST_BYTES) throw new CommandError("the files are larger than 64 MB");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** For the script: who has got no files yet, what they were called, and how a volume may be called after them. */
async function listHomes(host: Host, hub: HubAccess): Promise<ExitCode> {
  const { people } = readBody(awaiting, await hub.request("GET", "api/import/homes"));
  for (const { name, was } of people) {
    // A path is made of it, and a line.
    if (!isFolderName(was)) continue;
    host.out(`${[name, was, ...volumeSpellings(was)].join("\t")}\n`);
  }
  return exitCodes.done;
}

function isFolderName(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !/[/\p{C}\p{Zl}\p{Zp}]/u.test(text);
}

async function moveHome(
  { name }: Extract<ImportCommand, { command: "import home" }>,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  // By then somebody answers: what comes in can be sent on only once.
  await hub.request("GET", "api/import/homes");
  let isSent = false;
  const upload = (): Readable => {
    if (isSent) throw new CommandError("the hub went away; do it again");
    isSent = true;
    return host.openInput();
  };
  const path = `api/import/homes/${encodeURIComponent(name)}`;
  const answer = await hub.request("PUT", path, { upload, timeoutMs: HOME_MS });
  const home = readBody(received, answer);
  host.err(
    home.folder === "."
      ? `The files of ${home.name} are there.\n`
      : `The files of ${home.name} are there, in the folder ${home.folder} beside what they made here.\n`,
  );
  return exitCodes.done;
}

const deeds = {
  new: "new",
  there: "came before",
  other: "left alone: somebody here has that name",
  in_trash: "left in the trash",
  refused: "refused",
} as const;

const passwordWords: Readonly<Record<string, string>> = {
  kept: "as it was",
  none: "none",
  too_dear: "none: its hash takes too long",
  damaged: "none: its hash is none of bcrypt",
  second_factor: "none: had a second factor",
  not_authorized: "none: was not let in",
};

function peopleTable(people: readonly Person[]): string {
  const header = ["JUPYTERHUB", "USER NAME", "ROLE", "PASSWORD", "CLASSES", "WHAT"];
  return formatTable([header, ...people.map(rowOf)]);
}

function rowOf({ was, name, role, password, classes, becomes, problem }: Person) {
  const what = problem === null ? deeds[becomes] : `${deeds[becomes]}: ${problem}`;
  const passwordCell = password === null ? "" : (passwordWords[password] ?? password);
  return [was, name ?? "", role ?? "", passwordCell, classes.join(", "), what];
}

function remarksOn({ applied, people, classes, strangers }: Moved): string {
  const count = (becomes: Person["becomes"]): number =>
    people.filter((one) => one.becomes === becomes).length;
  const made = count("new");
  const lines = [
    ...classes
      .filter(({ problem }) => problem !== null)
      .map(({ was, problem }) => `The group ${JSON.stringify(was)} cannot be a class: ${problem}`),
    ...(strangers.length === 0
      ? []
      : [`Passwords of nobody whom the database knows: ${strangers.map(quoted).join(", ")}`]),
    applied
      ? `${made} ${made === 1 ? "account was" : "accounts were"} made.`
      : `${made} ${made === 1 ? "account" : "accounts"} would be made. Nothing was changed yet: --apply does it.`,
  ];
  return `${lines.join("\n")}\n`;
}

/** What stands in a file of somebody else is shown, and does nothing to the terminal. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
