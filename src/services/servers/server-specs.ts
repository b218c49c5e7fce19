/** Server specs of the people on record. */
import type { ProfileConfig, Secrets } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { ServerSpec } from "#src/spawners/spawner.ts";
import type { ServerId, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { containerSecret } from "./container-secret.ts";
import type { ServerKey, ServerRecords } from "./server-records.ts";
import { type ServersConfig, groupOf, profileOf, serverSpec } from "./server-spec.ts";

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

  /** @throws HubError `profile_missing` */
  profileOf(user: UserRecord): ProfileConfig {
    return profileOf(groupOf(this.#parts.store, user), this.#parts.config).profile;
  }

  /** What the profile says, or the settings of the box when it is gone meanwhile. */
  detailsOf(userId: UserId): Pick<ProfileConfig, "kind" | "port"> & { memoryBytes: number } {
    const { store, config } = this.#parts;
    const user = store.get("users", userId);
    const key = (user === undefined ? undefined : groupOf(store, user)?.profile) ?? "";
    const profile = Object.hasOwn(config.profiles, key) ? config.profiles[key] : undefined;
    return {
      kind: profile?.kind ?? "jupyter",
      port: profile?.port ?? 8888,
      memoryBytes: profile?.memoryBytes ?? config.memoryBytes,
    };
  }

  secretOf(serverId: ServerId, generation: number): string {
    return containerSecret(this.#parts.secrets.instanceKey, serverId, generation);
  }
}
