/**
 * What tokens may, asked of the whole hub: never more than their person, whatever their scopes say, and never more
 * than their scopes, whoever the person is.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { scopeNames } from "#src/scopes/scope-names.ts";
import { hashSecret, makeId } from "#src/stores/ids.ts";
import type { TokenRecord, UserRecord } from "#src/stores/records.ts";
import type { Write } from "#src/stores/store.ts";
import { type Classrooms, type Part, createClassrooms } from "#test/support/classrooms.ts";
import type { Answer } from "#test/support/http-client.ts";

const api = "/hub/api/";
const SECRET = "0123456789abcdef0123456789abcdef";

const actors = ["student", "teacher", "owner"] as const satisfies readonly Part[];
const subjects = [
  "student",
  "classmate",
  "farStudent",
  "teacher",
  "colleague",
  "otherOwner",
] as const satisfies readonly Part[];

interface Operation {
  /** The one scope that it needs, and those that JupyterHub's words for it ask for as well. */
  readonly needs: readonly string[];
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: (name: string) => string;
  readonly json?: unknown;
  /** Of an owner more is needed. */
  readonly isMoreForOwners?: true;
  /** Any token says whose it is, and so is never wholly without the right. */
  readonly isOpenToOneself?: true;
}

const operations: Readonly<Record<string, Operation>> = {
  "see somebody": {
    needs: ["read:users"],
    path: (name) => `users/${name}`,
    isOpenToOneself: true,
  },
  "see an account": { needs: ["list:users"], path: (name) => `accounts/${name}` },
  "see a server": { needs: ["read:servers"], path: (name) => `users/${name}/server` },
  "see tokens": { needs: ["read:tokens"], path: (name) => `users/${name}/tokens` },
  "make a token": {
    needs: ["tokens"],
    method: "POST",
    path: (name) => `users/${name}/tokens`,
    json: {},
  },
  rename: {
    needs: ["rename:users", "list:users"],
    method: "PATCH",
    path: (name) => `accounts/${name}`,
    json: { display_name: "Another" },
  },
  lock: {
    needs: ["disable:users", "rename:users", "list:users"],
    method: "PATCH",
    path: (name) => `accounts/${name}`,
    json: { disabled: true },
  },
  reset: {
    needs: ["reset:passwords", "list:users"],
    method: "POST",
    path: (name) => `accounts/${name}/reset`,
  },
  "make an owner": {
    needs: ["admin:users", "change:roles"],
    method: "PATCH",
    path: (name) => `users/${name}`,
    json: { admin: true },
  },
  "give another name": {
    needs: ["admin:users"],
    method: "PATCH",
    path: (name) => `users/${name}`,
    json: { name: "another" },
    isMoreForOwners: true,
  },
  remove: { needs: ["delete:users"], method: "DELETE", path: (name) => `users/${name}` },
  "sign out": {
    needs: ["sessions"],
    method: "DELETE",
    path: (name) => `accounts/${name}/sessions`,
  },
  "tell activity": {
    needs: ["users:activity"],
    method: "POST",
    path: (name) => `users/${name}/activity`,
    json: { last_activity: "2026-11-22T08:00:00Z" },
  },
  "stop a server": {
    needs: ["delete:servers"],
    method: "DELETE",
    path: (name) => `users/${name}/server`,
  },
};

let rooms: Classrooms;

before(async () => {
  rooms = await createClassrooms();
});

after(() => rooms[Symbol.asyncDispose]());

/** Puts the row there as it is, past everything that would refuse to make it. */
async function giveToken(user: UserRecord, scopes: readonly string[]): Promise<void> {
  const token: TokenRecord = {
    id: makeId<"token">(),
    number: 1,
    userId: user.id,
    secret: hashSecret(SECRET),
    note: "",
    scopes,
    created: new Date().toISOString(),
  };
  const gone = Array.from(rooms.store.entries("tokens"), ([key]): Write => ({
    remove: "tokens",
    key,
  }));
  await rooms.store.change(() => ({
    writes: [...gone, { put: "tokens", key: token.id, record: token }],
    result: undefined,
  }));
}

function optionsOf({ method = "GET", json }: Operation) {
  return { method, ...(json === undefined ? {} : { json }) };
}

async function bySession(who: Part, subject: Part, operation: Operation): Promise<Answer> {
  await rooms.stage();
  return rooms.ask(who, api + operation.path(rooms.person(subject).name), optionsOf(operation));
}

async function byToken(
  who: Part,
  subject: Part,
  operation: Operation,
  scopesOf: (id: string, otherId: string) => readonly string[],
): Promise<Answer> {
  await rooms.stage();
  const other = subject === "farStudent" ? "classmate" : "farStudent";
  const scopes = scopesOf(rooms.person(subject).id, rooms.person(other).id);
  await giveToken(rooms.person(who), scopes);
  const before = rooms.digest();
  const path = api + operation.path(rooms.person(subject).name);
  const answer = await rooms.box.client().ask(path, {
    ...optionsOf(operation),
    headers: { authorization: `token ${SECRET}` },
  });
  if (answer.status >= 400) assert.equal(rooms.digest(), before, "what is refused changes nothing");
  return answer;
}

describe("a token", { timeout: 1_200_000 }, () => {
  for (const [what, operation] of Object.entries(operations)) {
    it(`may ${what} when both its scopes and its person may`, async () => {
      for (const who of actors) {
        for (const subject of subjects) {
          if (operation.isMoreForOwners === true && subject === "otherOwner") continue;
          const about = `${who} → ${subject}`;
          const session = await bySession(who, subject, operation);
          const isAllowed = session.status < 400;
          const ask = (scopesOf: (id: string, otherId: string) => readonly string[]) =>
            byToken(who, subject, operation, scopesOf);
          const { isOpenToOneself = false } = operation;
          const refused = isOpenToOneself && who === subject ? [200] : [403, 404];

          const inherit = await ask(() => ["inherit"]);
          assert.equal(inherit.status, session.status, `${about}, inherit: ${inherit.text}`);
          const all = await ask(() => [...scopeNames]);
          assert.equal(all.status, session.status, `${about}, every scope: ${all.text}`);
          const exact = await ask((id) => operation.needs.map((name) => `${name}!user=${id}`));
          assert.equal(exact.status < 400, isAllowed, `${about}, exactly that: ${exact.text}`);
          const other = await ask((_, id) => operation.needs.map((name) => `${name}!user=${id}`));
          assert.ok(refused.includes(other.status), `${about}, for somebody else`);
          const nothing = await ask(() => ["read:hub"]);
          const ofNothing = isOpenToOneself ? refused : [403];
          assert.ok(
            ofNothing.includes(nothing.status),
            `${about}, something else: ${nothing.text}`,
          );
          for (const missing of operation.needs) {
            const fewer = await ask((id) =>
              operation.needs
                .filter((name) => name !== missing)
                .map((name) => `${name}!user=${id}`),
            );
            assert.ok(refused.includes(fewer.status), `${about}, without ${missing}`);
          }
        }
      }
    });
  }
});
