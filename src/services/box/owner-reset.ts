/** The way back in for an owner who cannot sign in. Only who sits at the box may go it: `./homeroom reset-owner`. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { UserRecord } from "#src/stores/records.ts";

type AccountsForOwners = Pick<Accounts, "living" | "byName" | "change" | "resetPassword">;

interface OwnerWithPassword {
  readonly user: UserRecord;
  readonly firstPassword: string;
  readonly wasLocked: boolean;
  /** There was no owner who could sign in: this person is one from now on. */
  readonly wasMadeOwner: boolean;
}

export class OwnerReset {
  readonly #accounts: AccountsForOwners;

  constructor(accounts: AccountsForOwners) {
    this.#accounts = accounts;
  }

  /**
   * A new first password for an owner, unlocked if need be; their sessions end. Without a name it is the only owner.
   * Somebody else is made owner only while there is none who is not locked.
   *
   * Throws `owner_several`, `owner_there`, `owner_none`, `owner_nobody`, `user_not_found`.
   */
  async reset(name: string | undefined, actor: Actor): Promise<OwnerWithPassword> {
    const before = this.#choose(name);
    const wasLocked = before.disabled !== undefined;
    const wasMadeOwner = before.role !== "owner";
    if (wasLocked || wasMadeOwner) {
      await this.#accounts.change(before.id, { role: "owner", disabled: false }, actor);
    }
    const reset = await this.#accounts.resetPassword(before.id, actor);
    return { ...reset, wasLocked, wasMadeOwner };
  }

  #choose(name: string | undefined): UserRecord {
    const people = [...this.#accounts.living()];
    const owners = people.filter(({ role }) => role === "owner");
    if (people.length === 0) throw new HubError("owner_nobody");
    if (name === undefined) return onlyOwner(owners);
    const user = this.#accounts.byName(name);
    if (user === undefined) throw new HubError("user_not_found", { name: name.slice(0, 80) });
    const enabled = owners.filter(({ disabled }) => disabled === undefined);
    if (user.role !== "owner" && enabled.length > 0) {
      throw new HubError("owner_there", { name: user.name, names: namesOf(enabled) });
    }
    return user;
  }
}

function onlyOwner(owners: readonly UserRecord[]): UserRecord {
  const [first, ...more] = owners;
  if (first === undefined) throw new HubError("owner_none");
  if (more.length > 0) throw new HubError("owner_several", { names: namesOf(owners) });
  return first;
}

function namesOf(users: readonly UserRecord[]): string {
  return users.map(({ name }) => name).join(", ");
}
