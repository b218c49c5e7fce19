/** Rows of shares and share codes as parts of changes: also of those that concern people, classes and servers. */
import type {
  GroupId,
  ServerId,
  ServerRecord,
  ShareCodeRecord,
  ShareRecord,
  UserId,
} from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";

type With = ShareRecord["with"];

export function shareKey({ ownerId, serverId, with: { id } }: Omit<ShareRecord, "scopes">): string {
  return `${ownerId}!${serverId}!${id}`;
}

export function putShare(record: ShareRecord): Write {
  return { put: "shares", key: shareKey(record), record };
}

export function removeShare(record: ShareRecord): Write {
  return { remove: "shares", key: shareKey(record) };
}

export function putCode(record: ShareCodeRecord): Write {
  return { put: "shareCodes", key: record.id, record };
}

export function findShare(
  state: StoreReader,
  { userId: ownerId, id: serverId }: Pick<ServerRecord, "userId" | "id">,
  to: With,
): ShareRecord | undefined {
  return state.get("shares", `${ownerId}!${serverId}!${to.id}`);
}

/** Of one person's servers, the first given first. */
export function sharesOf(state: StoreReader, ownerId: UserId): readonly ShareRecord[] {
  const shares = Array.from(state.entries("shares", `${ownerId}!`), ([, share]) => share);
  return shares.toSorted(byCreated);
}

export function sharesWithGroup(state: StoreReader, groupId: GroupId): readonly ShareRecord[] {
  return allShares(state).filter((share) => share.with.id === groupId);
}

export function allShares(state: StoreReader): readonly ShareRecord[] {
  return Array.from(state.entries("shares"), ([, share]) => share).toSorted(byCreated);
}

/** The first made first; of those that are over, some may still be there. */
export function codesOf(state: StoreReader, ownerId: UserId): readonly ShareCodeRecord[] {
  return Array.from(state.entries("shareCodes"), ([, code]) => code)
    .filter((code) => code.ownerId === ownerId)
    .toSorted((a, b) => a.number - b.number);
}

/** Nobody opens anything of theirs by a share any more, nor they anything of others. */
export function endSharesOfPerson(state: StoreReader, userId: UserId): Write[] {
  return endWhere(state, (share) => share.ownerId === userId || share.with.id === userId, {
    codes: ({ ownerId }) => ownerId === userId,
  });
}

export function endSharesOfGroup(state: StoreReader, groupId: GroupId): Write[] {
  return endWhere(state, (share) => share.with.id === groupId, { codes: () => false });
}

export function endSharesOfServer(state: StoreReader, serverId: ServerId): Write[] {
  return endWhere(state, (share) => share.serverId === serverId, {
    codes: (code) => code.serverId === serverId,
  });
}

function endWhere(
  state: StoreReader,
  isOver: (share: ShareRecord) => boolean,
  { codes }: { readonly codes: (code: ShareCodeRecord) => boolean },
): Write[] {
  const shares = Array.from(state.entries("shares")).filter(([, share]) => isOver(share));
  const ended = Array.from(state.entries("shareCodes")).filter(([, code]) => codes(code));
  return [
    ...shares.map(([key]): Write => ({ remove: "shares", key })),
    ...ended.map(([key]): Write => ({ remove: "shareCodes", key })),
  ];
}

function byCreated(one: ShareRecord, other: ShareRecord): number {
  return one.created < other.created ? -1 : Number(one.created > other.created);
}
