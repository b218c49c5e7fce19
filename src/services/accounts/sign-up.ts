/**
 * Accounts that people make for themselves, where a class takes them in: with its join code, or while it is open.
 * It takes two steps. The first says what would be, the second does it; nothing is remembered in between, so the
 * second looks at everything again.
 */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Attempts } from "#src/services/sign-in/attempts.ts";
import { type Passwords, checkPasswordRules } from "#src/services/sign-in/passwords.ts";
import type { GroupRecord, UserName, UserRecord } from "#src/stores/records.ts";
import type { Change, Store, StoreReader, Write } from "#src/stores/store.ts";
import { membershipsOf } from "./memberships.ts";
import { cleanDisplayName, parseUserName, suggestUserName, toUserName } from "./names.ts";
import { type Newcomer, planUser } from "./new-user.ts";
import type { SignUpClasses } from "./sign-up-classes.ts";
import { SignUpLimit } from "./sign-up-limit.ts";
import { nearPeople } from "./sign-up-near.ts";
import { SameWishes } from "./same-wishes.ts";
import { livingUsers, passwordRecord, putUser, userNamed } from "./user-records.ts";

/** What was typed. */
export interface Wish {
  readonly displayName: string;
  /** In the first step it may be empty: then one is made of the name. */
  readonly name: string;
  readonly code: string;
  /** Which of several open classes. */
  readonly classId: string;
}

/** What would be. */
export interface Proposal {
  readonly group: GroupRecord;
  readonly name: UserName;
  readonly displayName: string;
  /** The account is there: a teacher made it, and nobody has chosen a password for it. */
  readonly isWaiting: boolean;
  /** Whoever the person may already be. */
  readonly near: readonly UserRecord[];
}

interface SignUpParts {
  readonly store: Store;
  readonly classes: SignUpClasses;
  readonly passwords: Pick<Passwords, "hash">;
  readonly attempts: Attempts;
  readonly clock: Clock;
  /** Least length of a password. */
  readonly minLength: number;
}

/** Of one network in an hour. */
const MOST_ACCOUNTS = 60;
/** Typing another name costs nothing, trying all names does. */
const MOST_LOOKS = 600;
const MOST_GUESSES = 600;

export class SignUp {
  readonly #parts: SignUpParts;
  readonly #accountLimit: SignUpLimit;
  readonly #lookLimit: SignUpLimit;
  readonly #guessLimit: SignUpLimit;
  readonly #joins = new SameWishes<UserRecord>();

  constructor(parts: SignUpParts) {
    this.#parts = parts;
    this.#accountLimit = new SignUpLimit({ most: MOST_ACCOUNTS, clock: parts.clock });
    this.#lookLimit = new SignUpLimit({ most: MOST_LOOKS, clock: parts.clock });
    this.#guessLimit = new SignUpLimit({ most: MOST_GUESSES, clock: parts.clock });
  }

  /** Whether there is a class that takes somebody in. */
  takesPeople(): boolean {
    const { classes } = this.#parts;
    return classes.list().some((group) => classes.accepts(group));
  }

  hasSeveralClasses(): boolean {
    return this.#parts.classes.list().length > 1;
  }

  /** What the form of the first step asks for. */
  asks(): { readonly code: "no" | "maybe" | "yes"; readonly classes: readonly GroupRecord[] } {
    const open = this.#openClasses(this.#parts.store);
    const code = !this.#usesCodes(this.#parts.store) ? "no" : open.length > 0 ? "maybe" : "yes";
    return { code, classes: open.length > 1 ? open : [] };
  }

  /**
   * The first step. Throws `sign_up_closed`, `join_code_missing`, `join_code_wrong`, `class_missing`,
   * `too_many_attempts`, `sign_up_limit`, `name_taken`, and what is wrong with a name.
   */
  async look(wish: Wish, actor: Actor): Promise<Proposal> {
    const { store } = this.#parts;
    const group = await this.#admit(wish, actor);
    this.#lookLimit.take(actor.address ?? "");
    const isProposed = wish.name.trim() === "";
    const { newcomer, waiting } = readWish(store, isProposed ? this.#named(wish) : wish, group);
    const { name, displayName } = newcomer;
    const others = Array.from(livingUsers(store)).filter((user) => user.id !== waiting?.id);
    const near = nearPeople({ name, displayName, isProposed }, others);
    return { group, name, displayName, isWaiting: waiting !== undefined, near };
  }

  /** A user name that is free, made of how the person is called. */
  freeName(displayName: string): UserName {
    const { store } = this.#parts;
    return suggestUserName(displayName, (name) => store.get("names", name) !== undefined);
  }

  /**
   * The second step: the account is made, or the one that waits gets its password. Of several at the same moment
   * one succeeds. Throws what {@link look} throws, and what `checkPasswordRules` throws.
   */
  join(wish: Wish, password: string, actor: Actor): Promise<UserRecord> {
    const { displayName, name, code, classId } = wish;
    const asked = [displayName, name, code, classId, password, actor.address ?? ""];
    return this.#joins.run(asked, () => this.#join(wish, password, actor));
  }

  async #join(wish: Wish, password: string, actor: Actor): Promise<UserRecord> {
    const { store, passwords, minLength } = this.#parts;
    const group = await this.#admit(wish, actor);
    const { newcomer } = readWish(store, wish, group);
    checkPasswordRules(password, { name: newcomer.name, minLength });
    const takeBack = this.#accountLimit.take(actor.address ?? "");
    try {
      const hash = await passwords.hash(password);
      return await store.change((state) => this.#planJoin(state, wish, hash, actor));
    } catch (error) {
      takeBack();
      if (error instanceof HubError && error.code === "join_code_wrong") {
        await this.#refuse(wish, actor);
      }
      throw error;
    }
  }

  #planJoin(state: StoreReader, wish: Wish, hash: string, actor: Actor): Change<UserRecord> {
    const { clock } = this.#parts;
    const group = this.#classOf(state, wish);
    const { newcomer, waiting } = readWish(state, wish, group);
    const secret = { hash, isFirst: false };
    const made: Change<UserRecord> =
      waiting === undefined
        ? planUser(state, newcomer, secret, clock, { groupId: group.id, isNewcomer: true })
        : { writes: [], result: { ...waiting, password: passwordRecord(secret, clock) } };
    const at = isoTime(clock);
    const address = (actor.address ?? "").slice(0, 100);
    // They are signed in with it.
    const present = { lastSignIn: at, lastActivity: at, joined: { at, address } };
    const user: UserRecord = { ...made.result, ...present, isNewcomer: true };
    const self = { ...actor, id: user.id, name: user.name };
    const detail = { class: group.name.slice(0, 100), with: group.signUp.mode };
    return {
      writes: [
        ...made.writes.filter((write) => !("put" in write && write.put === "users")),
        putUser(user),
        ...takePlace(group),
        auditRow({ action: "user.joined", actor: self, subject: user, detail }, clock),
      ],
      result: user,
    };
  }

  /** The class that the person may join. A wrong code counts as a guess, and is told of in the audit. */
  async #admit(wish: Wish, actor: Actor): Promise<GroupRecord> {
    const { store, attempts } = this.#parts;
    if (wish.code.trim() === "" || !this.#usesCodes(store)) return this.#classOf(store, wish);
    const takeBack = this.#guessLimit.take(actor.address ?? "");
    const group = this.#parts.classes.withCode(wish.code, store);
    if (group !== undefined) {
      // A right code does not wait for somebody else's guesses behind the same address: at the pace that the limit
      // leaves to guessers, 36 bits are out of their reach.
      takeBack();
      return group;
    }
    await attempts.limit("!joinCode", actor.address ?? "", () => Promise.resolve(undefined));
    await this.#refuse(wish, actor);
    throw new HubError("join_code_wrong");
  }

  #classOf(state: StoreReader, { code, classId }: Wish): GroupRecord {
    const { classes } = this.#parts;
    if (classes.list(state).every(({ signUp }) => signUp.mode === "off")) {
      throw new HubError("sign_up_closed");
    }
    if (code.trim() !== "" && this.#usesCodes(state)) {
      const group = classes.withCode(code, state);
      if (group === undefined) throw new HubError("join_code_wrong");
      return group;
    }
    const open = this.#openClasses(state);
    if (open.length === 0) throw new HubError("join_code_missing");
    const chosen = open.length === 1 ? open[0] : open.find(({ id }) => id === classId);
    if (chosen === undefined) throw new HubError("class_missing");
    return chosen;
  }

  #openClasses(state: StoreReader): readonly GroupRecord[] {
    return this.#parts.classes.list(state).filter(({ signUp }) => signUp.mode === "open");
  }

  /** What a form that was open before the codes went still sends is of no account. */
  #usesCodes(state: StoreReader): boolean {
    return this.#parts.classes.list(state).some(({ signUp }) => signUp.mode === "code");
  }

  #named(wish: Wish): Wish {
    const displayName = demandDisplayName(wish.displayName);
    return { ...wish, name: this.freeName(displayName) };
  }

  /** Not the code that was typed: it may be one slip away from the right one. */
  #refuse(wish: Wish, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts;
    const name = toUserName(wish.name);
    const subject = name === undefined ? {} : { subject: { name } };
    const row = auditRow({ action: "sign_up.refused", actor, ...subject }, clock);
    return store.change(() => ({ writes: [row], result: undefined }));
  }
}

/** `waiting`: the account of that name, when it may be had. Throws `name_taken`, and what is wrong with a name. */
function readWish(
  state: StoreReader,
  wish: Wish,
  group: GroupRecord,
): { readonly newcomer: Newcomer; readonly waiting: UserRecord | undefined } {
  const displayName = demandDisplayName(wish.displayName);
  const name = parseUserName(wish.name);
  const holder = userNamed(state, name);
  const waiting = holder !== undefined && isWaiting(state, holder, group) ? holder : undefined;
  if (waiting === undefined && state.get("names", name) !== undefined) {
    throw new HubError("name_taken", { name });
  }
  return { newcomer: { name, displayName, role: "student" }, waiting };
}

/**
 * A student's account that never had a password, in an open class that it belongs to: whoever comes first. Anywhere
 * else a missing password is a closed door, and staff accounts are never given away.
 */
function isWaiting(state: StoreReader, user: UserRecord, group: GroupRecord): boolean {
  return (
    group.signUp.mode === "open" &&
    user.role === "student" &&
    user.password === undefined &&
    user.disabled === undefined &&
    membershipsOf(state, user.id).some(
      ({ groupId, role }) => groupId === group.id && role === "student",
    )
  );
}

/** Throws `display_name_missing`, `display_name_too_long`. */
function demandDisplayName(text: string): string {
  const displayName = cleanDisplayName(text, "");
  if (displayName === "") throw new HubError("display_name_missing");
  return displayName;
}

/** A place is taken with the account, and stays taken when the teacher refuses the person. */
function takePlace(group: GroupRecord): Write[] {
  const { signUp } = group;
  if (signUp.mode !== "code") return [];
  const record = { ...group, signUp: { ...signUp, taken: signUp.taken + 1 } };
  return [{ put: "groups", key: group.id, record }];
}
