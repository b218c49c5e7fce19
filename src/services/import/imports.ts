/** Moving in from another server: people and classes in one change, their files one by one after them. */
import type { Readable } from "node:stream";
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { demandUser, livingUsers, putUser } from "#src/services/accounts/user-records.ts";
import { serversOf } from "#src/services/servers/server-rows.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { Sandbox } from "#src/spawners/sandbox.ts";
import type { UserId, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { type MoveOptions, type MovePlan, planMove } from "./import-plan.ts";
import { readJupyterHubFiles } from "./jupyterhub-files.ts";

/** Where the files go of somebody who has worked here already: beside their own, never over them. */
const APART_FOLDER = "from-jupyterhub";

interface ImportsParts {
  readonly store: Store;
  readonly sandbox: Sandbox;
  readonly homes: Pick<Homes, "receive">;
  readonly clock: Clock;
}

export interface MoveRequest extends MoveOptions {
  /** Without it nothing changes: what would happen is told. */
  readonly apply: boolean;
}

export class Imports {
  readonly #parts: ImportsParts;

  constructor(parts: ImportsParts) {
    this.#parts = parts;
  }

  /**
   * All that the plan says, or nothing. A second time nothing changes but what is missing. Throws what
   * `readJupyterHubFiles` throws, and `groups_full`.
   */
  async jupyterHub(
    tar: Readable,
    { apply, ...options }: MoveRequest,
    { actor, signal }: { readonly actor: Actor; readonly signal: AbortSignal },
  ): Promise<Omit<MovePlan, "writes">> {
    const { store, sandbox, clock } = this.#parts;
    const found = await readJupyterHubFiles(tar, sandbox, signal);
    const by = { actor, clock };
    if (!apply) return planMove(store, found, options, by);
    return store.change((state) => {
      const plan = planMove(state, found, options, by);
      return { writes: plan.writes, result: plan };
    });
  }

  /** Who moved in and has not got their files yet. */
  awaitingFiles(): readonly UserRecord[] {
    return Array.from(livingUsers(this.#parts.store))
      .filter(({ movedIn }) => movedIn !== undefined && movedIn.files === undefined)
      .sort((a, b) => a.number - b.number);
  }

  /**
   * All the files or none; `folder` is where they are in the home. Once for each person. Throws `user_not_found`,
   * `import_not_awaited`, and what {@link Homes.receive} throws.
   */
  async receiveFiles(
    userId: UserId,
    tar: Readable,
    signal: AbortSignal,
  ): Promise<{ readonly folder: string }> {
    const { store, homes, clock } = this.#parts;
    demandAwaiting(demandUser(store, userId));
    let folder = APART_FOLDER;
    // They may have begun to work while the files came in, or be gone.
    const where = (): string => {
      demandAwaiting(demandUser(store, userId));
      folder = hasWorked(store, userId) ? APART_FOLDER : ".";
      return folder;
    };
    await homes.receive(userId, where, tar, signal);
    await store.change((state) => {
      const user = demandUser(state, userId);
      const movedIn = { ...demandAwaiting(user), files: isoTime(clock) };
      return { writes: [putUser({ ...user, movedIn })], result: undefined };
    });
    return { folder };
  }
}

function demandAwaiting({ name, movedIn }: UserRecord): NonNullable<UserRecord["movedIn"]> {
  if (movedIn === undefined || movedIn.files !== undefined) {
    throw new HubError("import_not_awaited", { name });
  }
  return movedIn;
}

/** Has a notebook here, or had one: what is in the home is theirs, and not only what every home begins with. */
function hasWorked(store: Store, userId: UserId): boolean {
  return serversOf(store, userId).length > 0;
}
