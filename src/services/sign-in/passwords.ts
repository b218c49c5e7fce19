/**
 * Passwords: argon2id in a queue of its own, and the rules for choosing one. Hashes of bcrypt, which came
 * along from JupyterHub, are compared in the same queue.
 */
import { argon2id, hash, verify } from "argon2";
import { randomBytes } from "node:crypto";
import { HubError } from "#src/errors.ts";
import { bcryptCost, dummyBcrypt, fitsBcrypt } from "./bcrypt-hashes.ts";
import { BUSY_SECONDS } from "./busy.ts";
import { isCommonPassword } from "./common-passwords.ts";
import { toUserName } from "#src/services/accounts/names.ts";

/** OWASP's least; the library's own defaults take 64 MiB for each sign-in. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** A planted hash may not hold a thread for minutes. */
const CAP = { memoryCost: 65_536, timeCost: 6, parallelism: 4 } as const;
/** Longer ones are refused before they are hashed. */
const MAX_PASSWORD_BYTES = 1024;
/** libuv has four threads; one stays free for the database and files. */
const MOST_AT_ONCE = 3;
/** People who wait for their password to be checked; at ten a second they would not wait for longer. */
const MOST_WAITING = 500;

const PHC =
  /^\$argon2id\$v=19\$((?:[mtp]=\d{1,7},){2}[mtp]=\d{1,7})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** Compares a hash of its kind with a password: the work that a sign-in takes. */
type Compare = (stored: string, password: string) => Promise<boolean>;

interface Comparisons {
  readonly argon2: Compare;
  readonly bcrypt: Compare;
}

interface PasswordsOptions {
  /** Hashes at once, one for each core. */
  readonly width: number;
  /** The cost of the dearest hash of bcrypt that an account still has; absent when there is none. */
  readonly bcryptCost?: () => number | undefined;
  readonly comparisons?: Comparisons;
}

export const realComparisons: Comparisons = {
  argon2: (stored, password) => verify(stored, password),
  bcrypt: fitsBcrypt,
};

export class Passwords {
  readonly #width: number;
  readonly #bcryptCost: () => number | undefined;
  readonly #compare: Comparisons;
  /** Never matches; costs what a real one costs. */
  readonly #dummy: string;
  #running = 0;
  /** Someone waits at the sign-in page: these go before the hashes of a list that a teacher adds. */
  readonly #verifying = new Set<() => void>();
  readonly #hashing = new Set<() => void>();

  constructor({ width, bcryptCost: dearest, comparisons }: PasswordsOptions) {
    this.#bcryptCost = dearest ?? (() => undefined);
    this.#compare = comparisons ?? realComparisons;
    this.#width = Math.max(1, Math.min(Math.floor(width), MOST_AT_ONCE));
    const [salt, output] = [randomBytes(16), randomBytes(32)].map(unpadded);
    const { memoryCost: m, timeCost: t, parallelism: p } = COST;
    this.#dummy = `$argon2id$v=19$m=${m},p=${p},t=${t}$${salt}$${output}`;
  }

  /** A PHC string. Throws `password_too_long`. */
  async hash(password: string): Promise<string> {
    assertNotTooLong(password);
    return this.#inTurn(this.#hashing, () => hash(normal(password), { ...COST, type: argon2id }));
  }

  /**
   * Whether `password` fits. Without a hash, or with one that is damaged or dearer than we allow, it takes as
   * long and is `false`. An empty password never fits. `signal` gives up the place in the queue.
   * Throws `too_busy` when very many wait already.
   */
  async verify(
    stored: string | undefined,
    password: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (password === "" || isTooLong(password)) {
      return false;
    }
    if (this.#verifying.size >= MOST_WAITING) {
      throw new HubError("too_busy", {}, { retryAfter: BUSY_SECONDS });
    }
    return this.#inTurn(this.#verifying, () => this.#fits(stored, password), signal);
  }

  /**
   * As long as anybody has a hash of bcrypt, a try that does not fit takes the work of both kinds, so that it does not
   * tell a name that nobody has from one whose person never came back.
   */
  async #fits(stored: string | undefined, password: string): Promise<boolean> {
    const ownCost = stored === undefined ? undefined : bcryptCost(stored);
    if (stored !== undefined && ownCost !== undefined) {
      if (await this.#compare.bcrypt(stored, password)) return true;
    }
    const usable = stored !== undefined && isWithinCap(stored);
    const fits = await this.#compare.argon2(usable ? stored : this.#dummy, normal(password));
    if (usable && fits) return true;
    const cost = ownCost === undefined ? this.#bcryptCost() : undefined;
    if (cost !== undefined) await this.#compare.bcrypt(dummyBcrypt(cost), password);
    return false;
  }

  /** The hash was made with other parameters than today's. */
  needsRehash(stored: string): boolean {
    const cost = costOf(stored);
    return (
      cost === undefined ||
      cost.memoryCost !== COST.memoryCost ||
      cost.timeCost !== COST.timeCost ||
      cost.parallelism !== COST.parallelism
    );
  }

  async #inTurn<Result>(
    line: Set<() => void>,
    work: () => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    signal?.throwIfAborted();
    if (this.#running < this.#width) {
      this.#running += 1;
    } else {
      await this.#place(line, signal);
    }
    try {
      return await work();
    } finally {
      this.#callNext();
    }
  }

  #place(line: Set<() => void>, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      line.delete(enter);
      reject(signal?.reason);
    };
    const enter = (): void => {
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    signal?.addEventListener("abort", leave, { once: true });
    line.add(enter);
    return promise;
  }

  /** Hands the place of the one that ends to the next. */
  #callNext(): void {
    for (const line of [this.#verifying, this.#hashing]) {
      for (const enter of line) {
        line.delete(enter);
        enter();
        return;
      }
    }
    this.#running -= 1;
  }
}

/**
 * The bytes that are hashed: as typed, neither trimmed nor cut, but with é in one of its two spellings.
 * Keyboards differ in which one they send (Vietnamese on Windows sends letter and mark), and a password is to
 * work on all of them.
 */
function normal(password: string): string {
  return password.normalize("NFC");
}

function isTooLong(password: string): boolean {
  return password.length > MAX_PASSWORD_BYTES || Buffer.byteLength(password) > MAX_PASSWORD_BYTES;
}

function assertNotTooLong(password: string): void {
  if (isTooLong(password)) {
    throw new HubError("password_too_long", { limit: MAX_PASSWORD_BYTES });
  }
}

interface Cost {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

function costOf(stored: string): Cost | undefined {
  const parameters = PHC.exec(stored)?.[1];
  if (parameters === undefined) {
    return undefined;
  }
  const values = new Map(
    parameters.split(",").map((pair) => [pair.slice(0, 1), Number(pair.slice(2))]),
  );
  const [m, t, p] = [values.get("m"), values.get("t"), values.get("p")];
  return m === undefined || t === undefined || p === undefined
    ? undefined
    : { memoryCost: m, timeCost: t, parallelism: p };
}

function isWithinCap(stored: string): boolean {
  const cost = costOf(stored);
  return (
    cost !== undefined &&
    cost.parallelism >= 1 &&
    cost.parallelism <= CAP.parallelism &&
    cost.timeCost >= 1 &&
    cost.timeCost <= CAP.timeCost &&
    cost.memoryCost >= 8 * cost.parallelism &&
    cost.memoryCost <= CAP.memoryCost
  );
}

interface PasswordRules {
  /** Whose password it is. */
  readonly name: string;
  readonly minLength: number;
  /** The password that it replaces. */
  readonly previous?: string;
}

/** Throws a `password_` failure that says what to do. */
export function checkPasswordRules(password: string, rules: PasswordRules): void {
  const { name, minLength, previous } = rules;
  assertNotTooLong(password);
  const chosen = normal(password);
  if (Array.from(chosen).length < minLength) {
    throw new HubError("password_too_short", { minimum: minLength });
  }
  if (isName(chosen, name)) {
    throw new HubError("password_is_name");
  }
  if (previous !== undefined && chosen === normal(previous)) {
    throw new HubError("password_unchanged");
  }
  if (isCommonPassword(chosen)) {
    throw new HubError("password_common");
  }
}

/** The name, also with digits or a mark behind it: `maria`, `Maria2026!`. */
function isName(password: string, name: string): boolean {
  const own = toUserName(name);
  return (
    own !== undefined &&
    [password, password.replace(/[\d\p{P}\p{S}]+$/u, "")].some((text) => toUserName(text) === own)
  );
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
