/** What shares open, as they are at this moment: asked at every request, so that one that ends is over at once. */
import { withIncluded, isScopeName, type ScopeName } from "#src/scopes/scope-names.ts";
import { membershipIn } from "#src/services/accounts/memberships.ts";
import { serverKey } from "#src/services/servers/server-rows.ts";
import type { ServerRecord, ShareRecord, UserId } from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";
import { allShares } from "./share-rows.ts";

/** Whether a share gives this scope of the owner's server to the guest, by name or as a member of a class. */
export function isSharedWith(
  state: StoreReader,
  guestId: UserId,
  scope: string,
  server: { readonly ownerId: UserId; readonly name: string },
): boolean {
  for (const [, share] of state.entries("shares", `${server.ownerId}!`)) {
    if (
      isFor(state, share, guestId) &&
      serverOf(state, share)?.name === server.name &&
      scopesOf(share).some((name) => withIncluded(name).some((each) => each === scope))
    ) {
      return true;
    }
  }
  return false;
}

/** What this person was given, also as a member of a class. */
export function sharesWith(state: StoreReader, guestId: UserId): readonly ShareRecord[] {
  return allShares(state).filter((share) => isFor(state, share, guestId));
}

/** `undefined` when it is gone, or being deleted. */
export function serverOf(
  state: StoreReader,
  { ownerId, serverId }: Pick<ShareRecord, "ownerId" | "serverId">,
): ServerRecord | undefined {
  const server = state.get("servers", serverKey(ownerId, serverId));
  return server?.removing === undefined ? server : undefined;
}

export function scopesOf({ scopes }: Pick<ShareRecord, "scopes">): readonly ScopeName[] {
  return scopes.filter(isScopeName);
}

function isFor(state: StoreReader, { with: to }: ShareRecord, guestId: UserId): boolean {
  return to.kind === "user" ? to.id === guestId : membershipIn(state, to.id, guestId) !== undefined;
}

/** Hears of every change after which somebody may not be let in any more. The answer ends the subscription. */
export function onRightsChanged(store: Pick<Store, "onChange">, listener: () => void): () => void {
  return store.onChange((writes) => {
    if (writes.some(isAboutRights)) listener();
  });
}

const rights: ReadonlySet<string> = new Set(["shares", "members", "groups", "users"]);

function isAboutRights(write: Write): boolean {
  return (
    ("put" in write && rights.has(write.put)) || ("remove" in write && rights.has(write.remove))
  );
}
