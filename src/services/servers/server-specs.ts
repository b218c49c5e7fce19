/** Server specs of the people on record. */
import type { ProfileConfig, Secrets } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { ServerSpec } from "#src/spawners/spawner.ts";
import type { ServerId, ServerRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { containerSecret } from "./container-secret.ts";
import type { ServerKey, ServerRecords } from "./server-records.ts";
import { type Choice, assertOffered, choicesOf, profileFor } from "./profiles.ts";
import { type ServersConfig, groupOf, serverSpec } from "./server-spec.ts";

interface ServerSpecsParts {
  readonly store: Store;
  readonly records: ServerRecords;
  readonly config: ServersConfig;
  readonly secrets: Pick<Secrets, "instanceKey">;
}

export class ServerSpecs {
  readonly #parts: ServerSpecsParts;

  constructor(parts: ServerSpecsParts) {
    this.#parts = parts;
  }

  /** @throws HubError what keeps this server from being made. */
  of(key: ServerKey, generation: number): ServerSpec {
    const { store, records, config, secrets } = this.#parts;
    const user = records.activeUser(key.userId);
    const server = records.get(key);
    if (user === undefined || server === undefined) throw new HubError("start_cancelled");
    return serverSpec({ user, server, generation, group: groupOf(store, user), config, secrets });
  }

  /** What this person may choose among. */
  choicesOf(user: UserRecord): readonly Choice[] {
    return choicesOf(groupOf(this.#parts.store, user), this.#parts.config);
  }

  /**
   * Whether a server can be made as it is asked for; without options, as its class has it.
   * @throws HubError `profile_missing`, `profile_not_offered`
   */
  assertPossible(user: UserRecord, options: ServerRecord["options"] = {}): void {
    const { store, config } = this.#parts;
    const group = groupOf(store, user);
    assertOffered(options, group, config);
    profileFor(options, group, config);
  }

  /** What the profile says, or the settings of the box when it is gone meanwhile. */
  detailsOf(key: ServerKey): Pick<ProfileConfig, "port"> & { memoryBytes: number } {
    const { config } = this.#parts;
    const profile = this.#profileOf(key);
    return {
      port: profile?.port ?? 8888,
      memoryBytes: profile?.memoryBytes ?? config.memoryBytes,
    };
  }

  secretOf(serverId: ServerId, generation: number): string {
    return containerSecret(this.#parts.secrets.instanceKey, serverId, generation);
  }

  #profileOf(key: ServerKey): ProfileConfig | undefined {
    const { store, records, config } = this.#parts;
    const user = store.get("users", key.userId);
    const group = user === undefined ? undefined : groupOf(store, user);
    try {
      return profileFor(records.get(key)?.options ?? {}, group, config).profile;
    } catch {
      return undefined;
    }
  }
}
