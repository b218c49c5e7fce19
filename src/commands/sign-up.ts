/** `sign-up`: whether people may make accounts themselves, class by class. */
import * as v from "valibot";
import type { SignUpCommand } from "./command.ts";
import { CommandError, readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable, timeCell } from "./table.ts";

const oneClass = v.looseObject({
  id: v.string(),
  name: v.string(),
  default: v.boolean(),
  sign_up: v.looseObject({
    mode: v.picklist(["off", "code", "open"]),
    code: v.optional(v.string()),
    expires: v.optional(v.string()),
    places: v.optional(v.number()),
    taken: v.optional(v.number()),
  }),
});
type ClassModel = v.InferOutput<typeof oneClass>;
const classes = v.object({ classes: v.array(oneClass) });

export async function runSignUp(
  command: SignUpCommand,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  const { mode, className, json } = command;
  const all = readBody(classes, await hub.request("GET", "api/classes")).classes;
  if (mode === undefined) {
    const shown = className === undefined ? all : [findClass(all, className)];
    host.out(json ? toJson(shown) : classTable(shown));
    return exitCodes.done;
  }
  const { id } = findClass(all, className);
  const { hours, places } = command;
  const body = { mode, hours, places };
  const answer = await hub.request("PUT", `api/classes/${encodeURIComponent(id)}/sign-up`, {
    body,
  });
  const changed = readBody(oneClass, answer);
  if (json) {
    host.out(toJson(changed));
  } else {
    tell(changed, host);
  }
  return exitCodes.done;
}

/** The code alone on standard output. */
function tell({ name, sign_up: signUp }: ClassModel, host: Host): void {
  switch (signUp.mode) {
    case "off":
      host.err(`Nobody can make an account for ${name} themselves any more.\n`);
      return;
    case "open":
      host.err(`Whoever reaches this box can make an account for ${name} now.\n`);
      return;
    case "code": {
      const until =
        signUp.expires === undefined
          ? "until you close it"
          : `until ${timeCell(signUp.expires)} (UTC)`;
      const places = signUp.places === undefined ? "" : `, for ${signUp.places} people at most`;
      host.out(`${signUp.code ?? ""}\n`);
      host.err(`Whoever has this code can make an account for ${name}, ${until}${places}.\n`);
    }
  }
}

/** By id or name, whatever its capital letters; the class that newcomers join when none is named. */
function findClass(all: readonly ClassModel[], wanted: string | undefined): ClassModel {
  const fitting = all.filter((one) =>
    wanted === undefined ? one.default : one.id === wanted || isSameName(one.name, wanted),
  );
  const [found, ...more] = fitting;
  if (found === undefined || more.length > 0) {
    const words =
      found === undefined ? "there is no such class" : "there is more than one such class";
    throw new CommandError(`${words}: say its name or id\n\n${classTable(all).trimEnd()}`);
  }
  return found;
}

function isSameName(one: string, other: string): boolean {
  const plain = (name: string): string => name.normalize("NFKC").trim().toLowerCase();
  return plain(one) === plain(other);
}

function classTable(all: readonly ClassModel[]): string {
  const header = ["CLASS", "ID", "SIGN-UP", "CODE", "UNTIL (UTC)", "JOINED"];
  const rows = all.map(({ id, name, default: isDefault, sign_up: signUp }) => [
    isDefault ? `${name} (newcomers)` : name,
    id,
    signUp.mode,
    signUp.code ?? "",
    timeCell(signUp.expires ?? null),
    joinedCell(signUp),
  ]);
  return formatTable([header, ...rows]);
}

function joinedCell({ taken, places }: ClassModel["sign_up"]): string {
  if (taken === undefined) return "";
  return places === undefined ? String(taken) : `${taken} of ${places}`;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
