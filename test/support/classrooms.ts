/** A real hub on a real LevelDB with a cast of people who are put back in their places for each question. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "#src/config/schema.ts";
import { systemClock } from "#src/clock.ts";
import { createLog } from "#src/log.ts";
import { Csrf } from "#src/session/csrf.ts";
import { HUB_COOKIE, SITE_COOKIE } from "#src/session/cookies.ts";
import { openStore } from "#src/stores/create.ts";
import { FORGETTING_KEY } from "#src/stores/level/forgetting.ts";
import { hashSecret, makeId, makeSecret } from "#src/stores/ids.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type {
  AuditRecord,
  GroupRecord,
  Role,
  SessionRecord,
  TokenRecord,
  UserRecord,
} from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { FakeHomes, FakeSpawner } from "./fake-spawner.ts";
import type { Answer, AskOptions, HttpClient } from "./http-client.ts";
import { collect, userRecord } from "./records.ts";
import { rowTexts } from "./store-rows.ts";
import { type TestHub, type TestHubOptions, createTestHub, makeSecrets } from "./test-hub.ts";

const NOW = "2026-11-22T08:00:00.000Z";
/** Fits nothing: nobody signs in here. */
const password = { hash: "none", isFirst: false, changed: NOW };

/** `home` is the default class. */
const cast = {
  student: { name: "sam", role: "student", group: "home" },
  classmate: { name: "alex", role: "student", group: "home" },
  farStudent: { name: "finn", role: "student", group: "away" },
  teacher: { name: "tess", role: "teacher", group: "home" },
  colleague: { name: "toni", role: "teacher", group: "home" },
  farTeacher: { name: "fred", role: "teacher", group: "away" },
  owner: { name: "olga", role: "owner", group: undefined },
  otherOwner: { name: "owen", role: "owner", group: undefined },
} as const satisfies Record<
  string,
  { name: string; role: Role; group: "home" | "away" | undefined }
>;
export type Part = keyof typeof cast;

export interface Classrooms extends AsyncDisposable {
  readonly box: TestHub;
  readonly store: Store;
  readonly engine: FakeEngine;
  /** Everybody anew, except those who are left out. */
  stage(without?: readonly Part[]): Promise<void>;
  person(part: Part): UserRecord;
  /** Changes somebody's record, as if it had come to be so. */
  put(part: Part, change: Partial<UserRecord>): Promise<void>;
  trash(part: Part): Promise<void>;
  /** Asks as somebody who is signed in, over the control socket, or as nobody. */
  ask(who: Part | "console" | "anonymous", path: string, options?: AskOptions): Promise<Answer>;
  /** The same with an API token that may all that the person may, or what its scopes say, ids in their filters. */
  askByToken(
    who: Part,
    path: string,
    options?: AskOptions,
    scopes?: readonly string[],
  ): Promise<Answer>;
  /** Of the API token that may all that the person may. */
  tokenText(part: Part): string;
  /** With the cookies of somebody who is signed in, and no form token yet. */
  browser(who: Part): HttpClient;
  /** Of all rows but the audit and when somebody was there last. */
  digest(): string;
  auditLength(): Promise<number>;
  /** Lines of that kind, the oldest first. */
  auditLines(action: AuditAction): Promise<readonly AuditRecord[]>;
}

export async function createClassrooms(
  options: {
    readonly basePath?: string;
    readonly spawner?: Partial<Config["spawner"]>;
    readonly homes?: FakeHomes;
    readonly services?: NonNullable<NonNullable<TestHubOptions["config"]>["services"]>;
    readonly onShutdown?: () => void;
  } = {},
): Promise<Classrooms> {
  const dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
  const store = await openStore(dataDir, { log: createLog("silent"), clock: systemClock });
  const secrets = makeSecrets();
  const spawner = new FakeSpawner();
  const overrides = { store, spawner: { spawner, homes: options.homes ?? new FakeHomes() } };
  const { homes: _homes, onShutdown = () => undefined, ...config } = options;
  const box = await createTestHub({
    config: { ...config, dataDir },
    secrets,
    overrides,
    onShutdown,
  });
  const csrf = new Csrf(secrets.instanceKey);
  const console_ = box.control();
  const [nobody, groups] = [box.client(), await makeGroups(store)];
  const people = new Map<
    Part,
    { user: UserRecord; session: SessionRecord; secret: string; token: string }
  >();

  function entry(part: Part) {
    const found = people.get(part);
    if (found === undefined) throw new Error(`${part} is not on the stage`);
    return found;
  }

  async function write(writes: readonly Write[]): Promise<void> {
    await store.change(() => ({ writes, result: undefined }));
  }

  async function stage(without: readonly Part[] = []): Promise<void> {
    const gone = (["users", "names", "members", "servers", "sessions", "tokens"] as const).flatMap(
      (name) => Array.from(store.entries(name), ([key]): Write => ({ remove: name, key })),
    );
    people.clear();
    const writes: Write[] = [...gone];
    let number = 0;
    for (const [part, { name, role, group }] of Object.entries(cast)) {
      if (without.some((each) => each === part)) continue;
      number += 1;
      const displayName = `The ${part}`;
      const user = userRecord(name, { number, role, displayName, password });
      const { session, secret } = sessionOf(user);
      const { record, token } = tokenOf(user);
      people.set(part as Part, { user, session, secret, token }); // The keys of a constant.
      writes.push(
        { put: "users", key: user.id, record: user },
        { put: "names", key: user.name, record: { userId: user.id } },
        { put: "sessions", key: session.id, record: session },
        { put: "tokens", key: record.id, record },
      );
      if (group !== undefined) {
        const member = { groupId: groups[group].id, userId: user.id, role };
        writes.push({ put: "members", key: `${member.groupId}!${user.id}`, record: member });
      }
    }
    await write(writes);
  }

  async function put(part: Part, change: Partial<UserRecord>): Promise<void> {
    const { user } = entry(part);
    await write([{ put: "users", key: user.id, record: { ...user, ...change } }]);
  }

  async function trash(part: Part): Promise<void> {
    const { user, session } = entry(part);
    const { group, role } = cast[part];
    const formerGroups =
      group === undefined ? [] : [{ groupId: groups[group].id, role: role as "student" }]; // Never an owner's.
    await put(part, { deleted: NOW, formerGroups });
    await write([
      { remove: "names", key: user.name },
      { remove: "sessions", key: session.id },
      ...(group === undefined
        ? []
        : [{ remove: "members" as const, key: `${groups[group].id}!${user.id}` }]),
    ]);
  }

  function ask(
    who: Part | "console" | "anonymous",
    path: string,
    options: AskOptions = {},
  ): Promise<Answer> {
    if (who === "anonymous") return nobody.ask(path, options);
    if (who === "console") return console_.ask(path, options);
    const { session, secret } = entry(who);
    const cookie = `${HUB_COOKIE}=${secret}; ${SITE_COOKIE}=${siteSecretOf(secret)}`;
    const headers = { cookie, "x-xsrftoken": csrf.tokenOf(session), ...options.headers };
    return box.client().ask(path, { ...options, headers });
  }

  async function askByToken(
    who: Part,
    path: string,
    asked: AskOptions = {},
    scopes?: readonly string[],
  ): Promise<Answer> {
    const { user } = entry(who);
    let { token } = entry(who);
    if (scopes !== undefined) {
      const made = tokenOf(user, scopes);
      token = made.token;
      await write([{ put: "tokens", key: made.record.id, record: made.record }]);
    }
    const headers = { authorization: `token ${token}`, ...asked.headers };
    return box.client().ask(path, { ...asked, headers });
  }

  function browser(who: Part): HttpClient {
    const { secret } = entry(who);
    const client = box.client();
    const { basePath } = box.config;
    client.keep(HUB_COOKIE, secret, `${basePath}hub/`);
    client.keep(SITE_COOKIE, siteSecretOf(secret), basePath);
    return client;
  }

  return {
    box,
    store,
    browser,
    tokenText: (part) => entry(part).token,
    engine: spawner.engine,
    askByToken,
    stage,
    put,
    trash,
    ask,
    person: (part) => entry(part).user,
    digest: () => digestOf(store),
    auditLength: async () => (await collect(store.audit())).length,
    auditLines: async (action) => {
      const lines = await collect(store.audit());
      return lines.filter((line) => line.action === action);
    },
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Another secret of the same form. */
function siteSecretOf(hubSecret: string): string {
  return Array.from(hubSecret).toReversed().join("");
}

function sessionOf(user: UserRecord): { session: SessionRecord; secret: string } {
  const [secret, now] = [makeSecret(), new Date().toISOString()];
  const session: SessionRecord = {
    id: makeId<"session">(),
    userId: user.id,
    hubSecret: hashSecret(secret),
    siteSecret: hashSecret(siteSecretOf(secret)),
    created: now,
    lastSeen: now,
    mustChangePassword: false,
    device: "Firefox on Windows",
    address: "127.0.0.1",
  };
  return { session, secret };
}

function tokenOf(
  user: UserRecord,
  scopes: readonly string[] = ["inherit"],
): { record: TokenRecord; token: string } {
  const token = makeSecret();
  const record: TokenRecord = {
    id: makeId<"token">(),
    number: user.number,
    userId: user.id,
    secret: hashSecret(token),
    note: "of a test",
    scopes,
    created: NOW,
  };
  return { record, token };
}

async function makeGroups(store: Store): Promise<{ home: GroupRecord; away: GroupRecord }> {
  const home = Array.from(store.entries("groups"), ([, group]) => group).find(
    ({ isDefault }) => isDefault,
  );
  if (home === undefined) throw new Error("a store begins with a class");
  const away: GroupRecord = {
    ...home,
    id: makeId<"group">(),
    number: 2,
    name: "Away",
    isDefault: false,
  };
  await store.change(() => ({
    writes: [{ put: "groups", key: away.id, record: away }],
    result: undefined,
  }));
  return { home, away };
}

function isOver(row: string): boolean {
  const expires = /^\["tokens",.*"expires":"([^"]*)"/.exec(row)?.[1];
  return expires !== undefined && Date.parse(expires) < Date.now();
}

function digestOf(store: Store): string {
  const rows = rowTexts(store)
    // The meta row counts the lines of the audit.
    .filter((row) => !row.startsWith('["meta",'))
    // The store's own note on whom it still has to forget comes and goes by itself.
    .filter((row) => !row.startsWith(`["settings",["${FORGETTING_KEY}"`))
    // The hub clears what is over away by itself, every minute.
    .filter((row) => !isOver(row))
    .map((row) => row.replaceAll(/,"(?:lastSeen|lastActivity)":"[^"]*"/g, ""));
  return createHash("sha256").update(rows.join("\n")).digest("hex");
}
