/**
 * Services are programs that the configuration names with what they may. Their tokens are derived from the box's
 * own key: nothing is kept, and a greater generation makes the earlier token worthless. One that a service has
 * from elsewhere stands in the box's secrets instead.
 */
import { createHmac } from "node:crypto";
import { isoTime, type Clock } from "#src/clock.ts";
import type { Config, Secrets } from "#src/config/schema.ts";
import type { Logger } from "#src/log.ts";
import { pinScope } from "#src/session/scopes/pinned.ts";
import { formatScope, parseScope } from "#src/scopes/scopes.ts";
import { hashSecret, makeId } from "#src/stores/ids.ts";
import type { SecretHash, TokenRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";

interface ServiceIdentity {
  readonly kind: "service";
  readonly name: string;
  readonly token: TokenRecord;
}

interface Parts {
  readonly services: Config["services"];
  readonly secrets: Pick<Secrets, "instanceKey" | "serviceTokens">;
  readonly state: StoreReader;
  readonly clock: Clock;
  readonly log: Pick<Logger, "warn">;
}

interface Service {
  readonly name: string;
  readonly record: TokenRecord;
}

const TOKEN_LENGTH = 32;

export class ServiceTokens {
  readonly #parts: Parts;
  readonly #bySecret: ReadonlyMap<SecretHash, Service>;

  constructor(parts: Parts) {
    this.#parts = parts;
    const created = isoTime(parts.clock);
    this.#bySecret = new Map(
      Object.entries(parts.services).map(([name, { scopes }]) => {
        const secret = hashSecret(this.#token(name));
        const about = { id: makeId<"token">(), number: 0, service: name, note: "", created };
        return [secret, { name, record: { ...about, secret, scopes } }];
      }),
    );
    for (const name of Object.keys(parts.secrets.serviceTokens ?? {})) {
      if (Object.hasOwn(parts.services, name)) continue;
      parts.log.warn({ service: name }, "the configuration has no service to this token");
    }
  }

  /** `undefined` when the configuration has no such service. */
  tokenOf(name: string): string | undefined {
    return Object.hasOwn(this.#parts.services, name) ? this.#token(name) : undefined;
  }

  find(secret: SecretHash): ServiceIdentity | undefined {
    const service = this.#bySecret.get(secret);
    if (service === undefined) return undefined;
    const { name, record } = service;
    // Its filters name people and classes as they are called now.
    const scopes = record.scopes.flatMap((text) => {
      const scope = parseScope(text);
      const pinned = scope && pinScope(this.#parts.state, scope);
      return pinned === undefined ? [] : [formatScope(pinned)];
    });
    return { kind: "service", name, token: { ...record, scopes } };
  }

  #token(name: string): string {
    const { services, secrets } = this.#parts;
    const { instanceKey, serviceTokens = {} } = secrets;
    const declared = Object.hasOwn(serviceTokens, name) ? serviceTokens[name] : undefined;
    if (declared !== undefined) return declared;
    const key = `service token ${name} ${services[name]?.generation ?? 1}`;
    return createHmac("sha256", instanceKey).update(key).digest("hex").slice(0, TOKEN_LENGTH);
  }
}
