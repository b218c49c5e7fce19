/**
 * Authorisation codes: shown once by a browser, taken once by the client that they were made for. Kept in memory: with
 * the hub they are gone, and the browser is sent for another one.
 */
import type { Clock } from "#src/clock.ts";
import { hashSecret, makeSecret } from "#src/stores/ids.ts";
import type { SecretHash, SessionId, UserId } from "#src/stores/records.ts";

export interface Grant {
  /** Of the client. */
  readonly client: string;
  /** As it was sent, which it need not be. */
  readonly redirectUri: string | undefined;
  /** PKCE with S256. */
  readonly challenge: string | undefined;
  readonly userId: UserId;
  readonly session: SessionId;
  /** In the form in which they are kept. */
  readonly scopes: readonly string[];
}

const LIFE_MS = 5 * 60_000;
/** Whoever asks for more has long forgotten the first. */
const MOST_PER_SESSION = 10;

export class Codes {
  readonly #clock: Clock;
  /** In the order in which they were made. */
  readonly #made = new Map<SecretHash, { readonly grant: Grant; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(grant: Grant): string {
    this.#tidy(grant.session);
    const code = makeSecret();
    const untilMs = this.#clock.monotonic() + LIFE_MS;
    this.#made.set(hashSecret(code), { grant, untilMs });
    return code;
  }

  /** What it was made for; it is used up, whatever becomes of it. */
  take(code: string, client: string): Grant | undefined {
    const key = hashSecret(code);
    const made = this.#made.get(key);
    if (made?.grant.client !== client) return undefined;
    this.#made.delete(key);
    return this.#clock.monotonic() < made.untilMs ? made.grant : undefined;
  }

  #tidy(session: SessionId): void {
    const nowMs = this.#clock.monotonic();
    const own: SecretHash[] = [];
    for (const [key, { grant, untilMs }] of this.#made) {
      if (untilMs <= nowMs) this.#made.delete(key);
      else if (grant.session === session) own.push(key);
    }
    const surplus = own.length - (MOST_PER_SESSION - 1);
    for (const key of own.slice(0, Math.max(0, surplus))) this.#made.delete(key);
  }
}
