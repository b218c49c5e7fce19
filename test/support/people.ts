/** Accounts without a hub around them: a store in memory, a clock to move, and passwords that cost nothing. */
import type { Clock } from "#src/clock.ts";
import { Accounts, type AccountsParts } from "#src/services/accounts/accounts.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { Store } from "#src/stores/store.ts";
import { collect } from "./records.ts";

/** Stands still until it is moved. */
export class MovableClock implements Clock {
  #wallMs = Date.parse("2026-11-22T08:00:00.000Z");
  #monotonicMs = 1000;

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** Time passes. */
  pass(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Somebody sets the wall clock. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }
}

/** Remembers what it was asked; a hash tells its password. */
export class PlainPasswords {
  hashed = 0;
  verified = 0;
  /** Waited for before a hash is made. */
  hashing: Promise<void> = Promise.resolve();
  /** Waited for before it is said whether a password fits. */
  verifying: Promise<void> = Promise.resolve();

  async hash(password: string): Promise<string> {
    this.hashed += 1;
    await this.hashing;
    return `plain ${password}`;
  }

  async verify(stored: string | undefined, password: string): Promise<boolean> {
    this.verified += 1;
    await this.verifying;
    return stored === `plain ${password}`;
  }

  needsRehash(): boolean {
    return false;
  }
}

export const consoleActor: Actor = { id: "console", name: "console" };

export function actorFor(user: UserRecord, address = "192.168.1.20"): Actor {
  return { id: user.id, name: user.name, role: user.role, address, request: "K7-4201" };
}

export function visitorAt(address: string): Actor {
  return { id: "anonymous", name: "anonymous", address, request: "K7-4202" };
}

export function createPeople(overrides: Partial<AccountsParts> = {}) {
  const clock = new MovableClock();
  const store: Store = createMemoryStore({ clock });
  const passwords = new PlainPasswords();
  const attempts = new Attempts({ clock });
  const accounts = new Accounts({ store, passwords, attempts, clock, minLength: 8, ...overrides });

  async function add(name: string, role: UserRecord["role"] = "student"): Promise<UserRecord> {
    const { user } = await accounts.add(
      { name, role, password: `${name} likes tea` },
      consoleActor,
    );
    return user;
  }

  function audit(): Promise<AuditRecord[]> {
    return collect(store.audit());
  }

  return { clock, store, passwords, attempts, accounts, add, audit };
}

/** The code of the failure that something ends with. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  return "no failure";
}
