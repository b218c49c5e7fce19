/**
 * Erasing people out of the trash: their files, their record and their name, for good. It is written down first
 * that it is to be; from then on nothing stops it, whatever fails or is switched off in between.
 */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { removeServers, serversOf } from "#src/services/servers/server-rows.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { endSharesOfPerson } from "#src/services/shares/share-rows.ts";
import { UntilDone } from "#src/services/until-done.ts";
import { pause, systemTimers, type Timers } from "#src/timers.ts";
import type { Attempts } from "#src/services/sign-in/attempts.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { UserId, UserName } from "#src/stores/records.ts";
import type { Change, Store, StoreReader } from "#src/stores/store.ts";
import { assertActorStays, type By } from "./life-changes.ts";
import { leaveAllGroups } from "./memberships.ts";
import { toUserName } from "./names.ts";
import { demandTrashed, endSessions, endTokens, putUser, trashedUser } from "./user-records.ts";

/** As long as somebody may be kept waiting for the end of it. */
const WAIT_MS = 8_000;
/** A home of many small files on a slow card. */
const REMOVE_HOME_MS = 30 * 60_000;

const hub: Actor = { id: "hub", name: "hub" };

interface ErasureParts {
  readonly store: Store;
  readonly servers: Pick<Servers, "stopAllOf">;
  readonly homes: Pick<Homes, "remove">;
  readonly attempts: Pick<Attempts, "clear">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timers?: Timers;
}

export class Erasure implements AsyncDisposable {
  readonly #parts: ErasureParts;
  readonly #timers: Timers;
  readonly #untilDone: UntilDone<UserId>;
  #isOpen = false;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? systemTimers;
    this.#untilDone = new UntilDone({
      timers: this.#timers,
      onFailure: (error, user) =>
        parts.log.warn({ err: error, user }, "erasing is tried again later"),
    });
  }

  /** Goes on with what was begun. Until then, or without it, what is to be erased is only written down. */
  open(): void {
    this.#isOpen = true;
    for (const [, user] of this.#parts.store.entries("users")) {
      if (user.erasing !== undefined) {
        void this.#goOn(user.id);
      }
    }
  }

  /**
   * Ends when it is done, or when it is certain and takes longer: then the person is still in the trash,
   * `erasing`. Erasing what is being erased is no error. Throws `not_in_trash`, `confirmation_wrong`, and
   * `not_allowed` when the actor was locked or removed meanwhile.
   */
  async erase(userId: UserId, typedName: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts;
    await store.change((state) => planErasing(state, userId, typedName, { actor, clock }));
    if (!this.#isOpen || this.#untilDone.isClosed) {
      return;
    }
    const waited = new AbortController();
    await Promise.race([this.#goOn(userId), pause(this.#timers, WAIT_MS, waited.signal)]);
    waited.abort();
  }

  /** What is under way is left to the next hub. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#untilDone.close();
  }

  /** Docker may be away, or still have the volume in use. */
  #goOn(userId: UserId): Promise<void> {
    return this.#untilDone.run(userId, (closing) => this.#eraseNow(userId, closing));
  }

  /** Each step may be repeated. The record goes last, so that what is left to do is known until nothing is. */
  async #eraseNow(userId: UserId, closing: AbortSignal): Promise<void> {
    const { store, servers, homes, attempts, log } = this.#parts;
    await servers.stopAllOf(userId, hub);
    const late = AbortSignal.timeout(REMOVE_HOME_MS);
    const until = AbortSignal.any([closing, late]);
    for (const { id, home } of serversOf(store, userId)) {
      if (home === "own") await homes.remove(userId, until, id);
    }
    await homes.remove(userId, until);
    const name = await store.change((state) => planErased(state, userId));
    if (name !== undefined) {
      attempts.clear(name);
      log.info({ user: userId }, "a person was erased");
    }
  }
}

function planErasing(
  state: StoreReader,
  userId: UserId,
  typedName: string,
  { actor, clock }: By,
): Change<undefined> {
  assertActorStays(state, actor);
  const user = demandTrashed(state, userId);
  if (toUserName(typedName) !== user.name) {
    throw new HubError("confirmation_wrong", { name: user.name });
  }
  if (user.erasing !== undefined) {
    return { writes: [], result: undefined };
  }
  const subject = { id: userId, name: "" };
  return {
    writes: [
      putUser({ ...user, erasing: isoTime(clock) }),
      auditRow({ action: "user.erased", actor, subject }, clock),
    ],
    result: undefined,
  };
}

/** Everything that knows the person. The answer is the name that they had; absent when it was done already. */
function planErased(state: StoreReader, userId: UserId): Change<UserName | undefined> {
  const user = trashedUser(state, userId);
  if (user?.erasing === undefined) {
    return { writes: [], result: undefined };
  }
  return {
    writes: [
      { remove: "users", key: userId },
      ...removeServers(state, userId),
      ...endSessions(state, userId),
      ...endTokens(state, userId),
      ...leaveAllGroups(state, userId),
      ...endSharesOfPerson(state, userId),
      { redact: userId },
    ],
    result: user.name,
  };
}
