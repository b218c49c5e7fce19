/** A whole hub with two classes, their teachers and students, for the pages about people. */
import { makeId } from "#src/stores/ids.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { AuditRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import { FakeEngine } from "./fake-engine.ts";
import { FakeHomes, FakeSpawner } from "./fake-spawner.ts";
import type { Answer, HttpClient } from "./http-client.ts";
import { collect, userName } from "./records.ts";
import { type TestHub, addPerson, createTestHub, signInFirst } from "./test-hub.ts";

export const hub = "/hub/";
export const people = `${hub}admin/people`;

export interface PeopleWorld extends AsyncDisposable {
  readonly box: TestHub;
  readonly store: Store;
  readonly homes: FakeHomes;
  readonly engine: FakeEngine;
  /** The writes of each change, from the beginning. */
  readonly batches: readonly (readonly Write[])[];
  readonly owner: HttpClient;
  /** Of the class that everyone is in but eve. */
  readonly tom: HttpClient;
  /** Of a class of her own, with nobody in it. */
  readonly eve: HttpClient;
  /** Adds a student and answers with the first password. */
  add(name: string, displayName?: string): Promise<string>;
  /** Adds a student who has an own password and is signed in. */
  join(name: string, displayName?: string): Promise<HttpClient>;
  user(name: string): UserRecord;
  /** How often somebody asked for the end of the hub, which goes on here. */
  asksToEnd(): number;
  audit(): Promise<readonly AuditRecord[]>;
}

export async function createPeopleWorld(): Promise<PeopleWorld> {
  const store = createMemoryStore();
  const batches: (readonly Write[])[] = [];
  store.onChange((writes) => batches.push(writes));
  const engine = new FakeEngine();
  const homes = new FakeHomes();
  const spawner = { spawner: new FakeSpawner(engine), homes };
  let asksToEnd = 0;
  const box = await createTestHub({
    config: { spawner: { namedServers: { allow: true, limitPerUser: 2, home: "shared" } } },
    overrides: { store, spawner },
    onShutdown: () => {
      asksToEnd += 1;
    },
  });
  const owner = await box.setUp();

  async function add(name: string, displayName = name, role = "student"): Promise<string> {
    return addPerson(owner, "/", { displayName, username: name, role });
  }
  async function join(name: string, displayName = name, role = "student"): Promise<HttpClient> {
    const client = box.client();
    const firstPassword = await add(name, displayName, role);
    await signInFirst(client, "/", name, firstPassword, passwordOf(name));
    return client;
  }
  function user(name: string): UserRecord {
    const id = store.get("names", userName(name))?.userId ?? "";
    const found = store.get("users", id);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  const tom = await join("tom", "Mr Tom", "teacher");
  const eve = await join("eve", "Ms Eve", "teacher");
  await moveToOtherClass(store, user("eve").id);
  return {
    box,
    store,
    homes,
    engine,
    batches,
    owner,
    tom,
    eve,
    add,
    join,
    user,
    asksToEnd: () => asksToEnd,
    audit: () => collect(store.audit()),
    [Symbol.asyncDispose]: () => box[Symbol.asyncDispose](),
  };
}

export function passwordOf(name: string): string {
  return `${name} has some words`;
}

/** What the page says about what went wrong; the words alone. */
export function refusalOn({ text }: Answer): string {
  const note = /<div class="note bad" role="alert"[^>]*>(.*?)<\/div>/s.exec(text)?.[1] ?? "";
  return note
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

async function moveToOtherClass(store: Store, userId: UserId): Promise<void> {
  const groupId = makeId<"group">();
  const created = new Date().toISOString();
  await store.change((state) => {
    const former = Array.from(state.entries("members"), ([key]) => key);
    const mine = former.filter((key) => key.endsWith(`!${userId}`));
    return {
      writes: [
        {
          put: "groups",
          key: groupId,
          record: {
            id: groupId,
            number: 2,
            name: "8C",
            created,
            isDefault: false,
            signUp: { mode: "off" },
          },
        },
        ...mine.map((key) => ({ remove: "members", key }) as const),
        {
          put: "members",
          key: `${groupId}!${userId}`,
          record: { groupId, userId, role: "teacher" },
        },
      ],
      result: undefined,
    };
  });
}
