/** Who may sign in. Local accounts now; OIDC, LDAP and outside helpers fit the same seam. */
import type { UserName } from "#src/stores/records.ts";

export interface Credentials {
  /** As typed; the authenticator brings it to its canonical form. */
  readonly username: string;
  readonly password: string;
}

export interface Authenticated {
  readonly name: UserName;
  /** The password was a first one: an own one is to be chosen before anything else. */
  readonly mustChangePassword: boolean;
  /** The same password under today's parameters, to be kept in place of the hash that it was compared with. */
  readonly renewedHash?: string;
}

export interface Authenticator {
  /**
   * `undefined` when the credentials do not fit, whatever the reason: unknown name, wrong password and
   * account without a password look and take the same. An empty password never fits.
   */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Authenticated | undefined>;
}
