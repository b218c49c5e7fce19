/**
 * Form tokens and the origin check. On plain HTTP nothing else tells a page of ours from a foreign
 * one: no decision rests on `Sec-Fetch-*`.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { systemClock, type Clock } from "#src/clock.ts";
import type { SessionRecord } from "#src/stores/records.ts";
import type { RequestContext } from "./request-context.ts";
import { isSameSecret } from "./same-secret.ts";

/** A sign-in form may stay open over a lesson, not for weeks. */
const ANONYMOUS_MAX_AGE_MS = 24 * 3600 * 1000;
const ANONYMOUS = /^([\w-]{22})\.([0-9a-z]{1,9})\.([\w-]{43})$/;
const MAX_TOKEN = 200;

export class Csrf {
  readonly #key: Buffer;
  readonly #clock: Clock;

  constructor(instanceKey: string, clock: Clock = systemClock) {
    this.#key = createHash("sha256").update(`xsrf ${instanceKey}`).digest();
    this.#clock = clock;
  }

  /** The token of a signed-in visitor: the same as long as the session lasts, and worth nothing without it. */
  tokenOf(session: SessionRecord): string {
    return this.#sign(`session ${session.id}`);
  }

  /** A token for a visitor without a session: valid when it comes back in the cookie and in the form. */
  anonymousToken(): string {
    const nonce = randomBytes(16).toString("base64url");
    const minute = Math.floor(this.#clock.now() / 60_000).toString(36);
    return `${nonce}.${minute}.${this.#sign(`anonymous ${nonce} ${minute}`)}`;
  }

  /**
   * With a session, `sent` must be its token; the cookie, which other pages of the same host could plant, does
   * not count. Without one, `sent` and `cookie` must be the same token, made here within a day.
   */
  isValid(input: {
    readonly session?: SessionRecord | undefined;
    readonly cookie?: string | undefined;
    readonly sent?: string | undefined;
  }): boolean {
    const { session, cookie, sent } = input;
    if (sent === undefined || sent.length > MAX_TOKEN) {
      return false;
    }
    if (session !== undefined) {
      return isSameSecret(sent, this.tokenOf(session));
    }
    return cookie !== undefined && isSameSecret(sent, cookie) && this.#isOurs(sent);
  }

  /**
   * Which of the `_xsrf` cookies that a browser sent counts. Any Jupyter on another port of this host has one for all
   * paths, so there may be several.
   */
  ownCookie(sent: readonly string[]): string | undefined {
    return sent.length < 2 ? sent[0] : sent.find((value) => this.#isOurs(value));
  }

  #isOurs(token: string): boolean {
    const [, nonce, minute, signature] = ANONYMOUS.exec(token) ?? [];
    if (nonce === undefined || minute === undefined || signature === undefined) {
      return false;
    }
    // A token from the future was made before the clock was set back.
    const age = this.#clock.now() - Number.parseInt(minute, 36) * 60_000;
    return (
      isSameSecret(signature, this.#sign(`anonymous ${nonce} ${minute}`)) &&
      age <= ANONYMOUS_MAX_AGE_MS
    );
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

/**
 * Whether a request comes from a page of ours, to the letter: scheme, host and port. Without `Origin` the page in
 * `Referer` counts; without both it is no browser's, which always sends one of them with what changes something.
 */
export function checkOrigin(
  headers: { readonly origin?: string | undefined; readonly referer?: string | undefined },
  context: RequestContext,
): boolean {
  const { origin, referer } = headers;
  if (origin !== undefined) {
    return context.ownOrigins.includes(origin);
  }
  if (referer === undefined) {
    return true;
  }
  return URL.canParse(referer) && context.ownOrigins.includes(new URL(referer).origin);
}
