/** People whose passwords Homeroom keeps. */
import type { UserRecord } from "#src/stores/records.ts";
import type { Authenticated, Authenticator, Credentials } from "./authenticator.ts";

/** Where the accounts are; services/accounts/accounts.ts and services/sign-in/passwords.ts fit. */
export interface LocalAccounts {
  /** Living accounts only, whatever the spelling. */
  byName(text: string): UserRecord | undefined;
}

export interface PasswordCheck {
  /** Takes the same time without a hash. */
  verify(hash: string | undefined, password: string, signal?: AbortSignal): Promise<boolean>;
  needsRehash(hash: string): boolean;
  hash(password: string): Promise<string>;
}

export class LocalAuthenticator implements Authenticator {
  readonly #accounts: LocalAccounts;
  readonly #passwords: PasswordCheck;

  constructor(parts: { readonly accounts: LocalAccounts; readonly passwords: PasswordCheck }) {
    this.#accounts = parts.accounts;
    this.#passwords = parts.passwords;
  }

  async authenticate(
    { username, password }: Credentials,
    signal: AbortSignal,
  ): Promise<Authenticated | undefined> {
    signal.throwIfAborted();
    const user = this.#accounts.byName(username);
    const hash = user?.password?.hash;
    const fits = await this.#passwords.verify(hash, password, signal);
    if (!fits || user?.password === undefined || hash === undefined) {
      return undefined;
    }
    const found = { name: user.name, mustChangePassword: user.password.isFirst };
    return this.#passwords.needsRehash(hash)
      ? { ...found, renewedHash: await this.#passwords.hash(password) }
      : found;
  }
}
