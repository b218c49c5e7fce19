/**
 * Hashes that people brought along from JupyterHub: bcrypt's. They are compared until their person signs in for the
 * first time and made by nobody. The work is done on libuv's threads, as argon2's.
 */
import { randomBytes } from "node:crypto";
import { livingUsers } from "#src/services/accounts/user-records.ts";
import type { StoreReader } from "#src/stores/store.ts";

/** Each step doubles the work: 14 is a second of a desktop's core. JupyterHub's authenticators make 12. */
const DEAREST_BCRYPT = 14;
const LEAST = 4;
const HASH = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Whether it looks like a hash of bcrypt, whatever its cost. */
export function isBcrypt(stored: string): boolean {
  return HASH.test(stored);
}

/** `undefined` when it is none, or one that nobody may spend that much work on. */
export function bcryptCost(stored: string): number | undefined {
  const digits = HASH.exec(stored)?.[1];
  const cost = Number(digits);
  return digits !== undefined && cost >= LEAST && cost <= DEAREST_BCRYPT ? cost : undefined;
}

/**
 * The password as it was typed, cut after 72 bytes: that is what JupyterHub made the hash of.
 * `stored` has a {@link bcryptCost}.
 */
export async function fitsBcrypt(stored: string, password: string): Promise<boolean> {
  // Most boxes never need it.
  const { default: bcrypt } = await import("bcrypt");
  // $2y is PHP's name for what everyone else calls $2b.
  return bcrypt.compare(password, stored.replace(/^\$2y/, "$2b"));
}

/** Never fits; costs what a real one costs. */
export function dummyBcrypt(cost: number): string {
  const text = Array.from(randomBytes(52), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
  // The last character of a salt has four bits that count.
  return `$2b$${String(cost).padStart(2, "0")}$${text.slice(0, 21)}.${text.slice(21)}`;
}

/** Of all accounts that still have one. */
export function dearestBcrypt(state: StoreReader): number | undefined {
  let dearest: number | undefined;
  for (const { password } of livingUsers(state)) {
    // Nearly every hash is argon2's: they are told apart by a character.
    if (password?.hash.startsWith("$2") !== true) continue;
    dearest = Math.max(dearest ?? 0, bcryptCost(password.hash) ?? 0) || undefined;
  }
  return dearest;
}
