/** What becomes of servers when something becomes of their people. */
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { ServerRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import type { Wishes } from "./wishes.ts";

interface FollowerParts {
  readonly store: Pick<Store, "onChange">;
  readonly wishes: Wishes;
  readonly log: Logger;
}

const hub: Actor = { id: "hub", name: "hub" };

/**
 * People who are deleted or locked have no servers any more; those of renamed people move to the new address. The
 * answer ends that.
 */
export function followPeople({ store, wishes, log }: FollowerParts): () => void {
  async function end(user: UserRecord): Promise<void> {
    try {
      await wishes.stopAllOf(user.id, hub);
    } catch (error) {
      log.warn({ err: error, user: user.id }, "a deleted or locked user's server runs on");
    }
  }

  return store.onChange((writes) => {
    for (const write of writes) {
      if (!("put" in write) || write.put !== "users") continue;
      const user = write.record;
      if (user.deleted !== undefined || user.disabled !== undefined) void end(user);
      else for (const record of askedFor(writes, user.id)) void wishes.restart(record);
    }
  });
}

/** Servers that a change of the person asks to start anew. */
function askedFor(writes: readonly Write[], userId: UserId): readonly ServerRecord[] {
  return writes.flatMap((write) =>
    "put" in write &&
    write.put === "servers" &&
    write.record.userId === userId &&
    write.record.startRequested !== undefined
      ? [write.record]
      : [],
  );
}
