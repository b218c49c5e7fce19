/** What is in the files of a JupyterHub: people, groups and hashes of passwords, read in a place apart. */
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import { bcryptCost, isBcrypt } from "#src/services/sign-in/bcrypt-hashes.ts";
import type { Sandbox, SandboxEnd } from "#src/spawners/sandbox.ts";

const SECONDS = 120;
/** What the program ends with when it has a sentence for whoever sent the files. */
const UNUSABLE = 65;
const NO_PYTHON = 127;
/** What a shell says of a program that a signal ended. */
const FIRST_SIGNAL = 128;
const TOO_MUCH = "Reading the files took too much memory or time.";
const CRASHED = "The files are damaged in a way that ended the program which reads them.";
const NOT_READ = "The files could not be read:";
/** KILL and XCPU; ABRT, BUS, FPE and SEGV, which libraries in C come to. */
const SIGNALS: ReadonlyMap<number, string> = new Map([
  ...[9, 24].map((signal) => [signal, TOO_MUCH] as const),
  ...[6, 7, 8, 11].map((signal) => [signal, CRASHED] as const),
]);

/** `kept`: the hash came along. Otherwise why it did not; a teacher makes a first password then. */
export type FoundPassword =
  | { readonly is: "kept"; readonly hash: string }
  | { readonly is: "none" | "too_dear" | "damaged" | "second_factor" | "not_authorized" };

export interface FoundPerson {
  readonly name: string;
  readonly isAdmin: boolean;
  readonly groups: readonly string[];
  readonly password: FoundPassword;
}

export interface FoundPeople {
  readonly people: readonly FoundPerson[];
  readonly groups: readonly string[];
  /** Names with a password that nobody has. */
  readonly strangers: readonly string[];
}

const entry = v.object({ name: v.string(), hash: v.string() });
const native = v.object({
  ...entry.entries,
  authorized: v.boolean(),
  second_factor: v.boolean(),
});
const reading = v.object({
  users: v.array(v.object({ name: v.string(), admin: v.boolean(), groups: v.array(v.string()) })),
  groups: v.array(v.string()),
  native: v.array(native),
  firstuse: v.optional(v.array(entry), []),
});
type Reading = v.InferOutput<typeof reading>;

/** `tar` as images/import.sh makes it. Throws `import_unreadable`, `import_too_slow`, `import_no_python`. */
export async function readJupyterHubFiles(
  tar: Readable,
  sandbox: Sandbox,
  signal: AbortSignal,
): Promise<FoundPeople> {
  const program = await readFile(new URL("read-jupyterhub.py", import.meta.url), "utf8");
  const timeout = AbortSignal.timeout(SECONDS * 1000);
  let end: SandboxEnd;
  try {
    end = await sandbox.python(program, tar, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error;
    throw new HubError("import_too_slow", { seconds: SECONDS }, { cause: error });
  }
  if (end.exitCode !== 0) throw failureOf(end);
  return peopleOf(v.parse(reading, JSON.parse(end.output)));
}

function failureOf({ exitCode, errors }: SandboxEnd): HubError {
  const last = errors.trim().split("\n").at(-1) ?? "";
  if (exitCode === UNUSABLE) return new HubError("import_unreadable", { detail: last });
  if (exitCode === NO_PYTHON) return new HubError("import_no_python");
  const detail = SIGNALS.get(exitCode - FIRST_SIGNAL) ?? `${NOT_READ} ${last.slice(0, 200)}`;
  return new HubError("import_unreadable", { detail });
}

/** NativeAuthenticator lets people in who were authorised before JupyterHub itself knows them. */
function peopleOf({ users, groups, native, firstuse }: Reading): FoundPeople {
  const known = new Set(users.map(({ name }) => name));
  const waiting = native
    .filter(({ name, authorized }) => authorized && !known.has(name))
    .map(({ name }) => ({ name, admin: false, groups: [] }));
  const all = [...users, ...waiting];
  const passwords = new PasswordsByName({ native, firstuse });
  const people = all.map(({ name, admin, groups }) => ({
    name,
    isAdmin: admin,
    groups,
    password: passwords.of(name),
  }));
  const everybody = new Set(all.flatMap(({ name }) => [name, name.toLowerCase()]));
  const strangers = [...firstuse, ...native]
    .map(({ name }) => name)
    .filter((name) => !everybody.has(name) && !everybody.has(name.toLowerCase()));
  return { people, groups, strangers: [...new Set(strangers)] };
}

class PasswordsByName {
  readonly #native: ReadonlyMap<string, Reading["native"][number]>;
  readonly #firstUse: ReadonlyMap<string, string>;
  /** FirstUseAuthenticator before 1.0 kept a password under the name as it was typed. */
  readonly #typed = new Map<string, string[]>();

  constructor({ native, firstuse }: Pick<Reading, "native" | "firstuse">) {
    this.#native = new Map(native.map((row) => [row.name, row]));
    this.#firstUse = new Map(firstuse.map(({ name, hash }) => [name, hash]));
    for (const { name, hash } of firstuse) {
      const key = name.toLowerCase();
      this.#typed.set(key, [...(this.#typed.get(key) ?? []), hash]);
    }
  }

  /** The file of passwords was named on purpose; it goes before the table in the database. */
  of(name: string): FoundPassword {
    const [typed, ...more] = this.#typed.get(name.toLowerCase()) ?? [];
    const hash = this.#firstUse.get(name) ?? (more.length === 0 ? typed : undefined);
    if (hash !== undefined) return judge(hash);
    const row = this.#native.get(name);
    if (row === undefined) return { is: "none" };
    if (!row.authorized) return { is: "not_authorized" };
    // Without it the account would be easier to open than it was.
    return row.second_factor ? { is: "second_factor" } : judge(row.hash);
  }
}

function judge(hash: string): FoundPassword {
  if (bcryptCost(hash) !== undefined) return { is: "kept", hash };
  return { is: isBcrypt(hash) ? "too_dear" : "damaged" };
}
