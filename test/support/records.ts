/** Records for tests, made of little. */
import { makeId } from "#src/stores/ids.ts";
import type { AuditRecord, UserId, UserName, UserRecord } from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";

/** A name that a test writes is canonical. */
export function userName(text: string): UserName {
  return text as UserName;
}

export function userRecord(name: string, parts: Partial<UserRecord> = {}): UserRecord {
  return {
    id: makeId<"user">(),
    number: 1,
    name: userName(name),
    displayName: name,
    role: "student",
    created: "2026-01-01T00:00:00.000Z",
    ...parts,
  };
}

export function auditRecord(subjectName: string, at = "2026-01-01T00:00:00.000Z"): AuditRecord {
  return { at, action: "user.added", actor: "console", actorName: "console", subjectName };
}

/** What an account is made of: the record, the index entry and the audit line. */
export function accountWrites(user: UserRecord): readonly Write[] {
  return [
    { put: "users", key: user.id, record: user },
    { put: "names", key: user.name, record: { userId: user.id } },
    { audit: auditRecord(user.name, user.created) },
  ];
}

/** Adds a person the way the hub does: refused when the name is taken, numbers counted up. */
export function addPerson(store: Store, name: string): Promise<UserId> {
  return store.change((state) => {
    if (state.get("names", name) !== undefined) {
      throw new Error(`${name} is taken`);
    }
    const meta = state.get("meta", "meta");
    if (meta === undefined) {
      throw new Error("no meta row");
    }
    const user = userRecord(name, { number: meta.nextUserNumber });
    const next = { ...meta, nextUserNumber: meta.nextUserNumber + 1 };
    const writes: readonly Write[] = [
      ...accountWrites(user),
      { put: "meta", key: "meta", record: next },
    ];
    return { writes, result: user.id };
  });
}

export function namesIn(state: StoreReader): readonly string[] {
  return [...state.entries("names")].map(([name]) => name);
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) {
    list.push(item);
  }
  return list;
}

/** What the hub writes when somebody is erased for good. */
export function eraseWrites(state: StoreReader, id: string): readonly Write[] {
  const userId = [...state.entries("users")].find(([key]) => key === id)?.[1].id;
  if (userId === undefined) return [];
  const names = [...state.entries("names")].filter(([, record]) => record.userId === userId);
  return [
    { remove: "users", key: userId },
    ...names.map(([key]): Write => ({ remove: "names", key })),
    { redact: userId },
  ];
}
