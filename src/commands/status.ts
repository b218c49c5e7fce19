/** `status`, `setup-code` and `health`: what the hub says of itself. */
import * as v from "valibot";
import { type FailureCode, failureText, isFailureCode } from "#src/errors.ts";
import { type ControlClient, readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { roles } from "./command.ts";

const HEALTH_TIMEOUT_MS = 5000;

const box = v.object({
  version: v.string(),
  setup_code: v.nullish(v.string(), null),
  base_path: v.string(),
  running: v.number(),
  health: v.array(v.looseObject({ name: v.string(), status: v.string(), text: v.string() })),
  trouble: v.nullable(
    v.object({
      code: v.custom<FailureCode>((code) => typeof code === "string" && isFailureCode(code)),
      params: v.record(v.string(), v.union([v.string(), v.number()])),
    }),
  ),
});
const accounts = v.object({ users: v.array(v.object({ role: v.picklist(roles) })) });

/** Exit code 1 when no hub runs: scripts ask for that. */
export async function runStatus(
  { json }: { readonly json: boolean },
  host: Host,
  client: ControlClient,
): Promise<ExitCode> {
  const [boxAnswer, accountsAnswer] = [
    await client.request("GET", "api/box"),
    await client.request("GET", "api/accounts"),
  ];
  if (boxAnswer === undefined || accountsAnswer === undefined) {
    host.out(json ? `${JSON.stringify({ running: false })}\n` : "Homeroom is not running.\n");
    return exitCodes.failed;
  }
  const { version, base_path, running, trouble, setup_code, health } = readBody(box, boxAnswer);
  const { users } = readBody(accounts, accountsAnswer);
  const people = Object.fromEntries(
    roles.map((role) => [role, users.filter((user) => user.role === role).length] as const),
  );
  const troubleText = trouble === null ? null : failureText(trouble, "teacher");
  if (json) {
    const status = {
      running: true,
      version,
      base_path,
      people,
      notebooks: running,
      is_set_up: setup_code === null,
      trouble: troubleText,
      health: health.map(({ name, status, text }) => ({ name, status, text })),
    };
    host.out(`${JSON.stringify(status, undefined, 2)}\n`);
    return exitCodes.done;
  }
  const counted = roles.map((role) => counts(people[role] ?? 0, role)).join(", ");
  host.out(`Version: ${version}\nPeople: ${counted}\nNotebooks running: ${running}\n`);
  if (setup_code !== null) {
    host.out("Nobody has an account yet: the set-up code makes the first one.\n");
  }
  const [worst, ...more] = health;
  host.out(
    worst === undefined
      ? "Health: nothing is known to be wrong; doctor looks at everything\n"
      : `Health: ${worst.text}${more.length === 0 ? "" : ` (and ${more.length} more)`} doctor tells what to do\n`,
  );
  return exitCodes.done;
}

/** The code alone on standard output; nothing there when the box is set up. */
export async function runSetupCode(host: Host, hub: HubAccess): Promise<ExitCode> {
  const { setup_code: code } = readBody(box, await hub.request("GET", "api/box"));
  if (code === null) {
    host.err("Homeroom is set up already: its owner can sign in.\n");
  } else {
    host.out(`${code}\n`);
  }
  return exitCodes.done;
}

export async function runHealth(host: Host, client: ControlClient): Promise<ExitCode> {
  const answer = await client.request("GET", "health", { timeoutMs: HEALTH_TIMEOUT_MS });
  if (answer === undefined) {
    host.err("Homeroom is not running.\n");
    return exitCodes.failed;
  }
  return exitCodes.done;
}

function counts(count: number, role: string): string {
  return `${count} ${role}${count === 1 ? "" : "s"}`;
}
