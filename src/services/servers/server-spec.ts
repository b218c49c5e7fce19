/** What a server is to be, worked out from records and configuration alone. */
import type { Secrets, SpawnerConfig } from "#src/config/schema.ts";
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import type { ServerLimits, ServerSpec } from "#src/spawners/spawner.ts";
import type { GroupRecord, ServerRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { containerSecret, serverToken } from "./container-secret.ts";
import { singleuserEnvironment } from "./singleuser-environment.ts";
import { profileFor } from "./profiles.ts";
import { encodeServerName } from "./server-names.ts";

export type ServersConfig = SpawnerConfig & { readonly basePath: string };

export interface SpecInput {
  readonly user: UserRecord;
  readonly server: ServerRecord;
  readonly generation: number;
  /** The class in whose context the server runs. */
  readonly group: GroupRecord | undefined;
  readonly config: ServersConfig;
  readonly secrets: Pick<Secrets, "instanceKey">;
}

export function serverSpec(input: SpecInput): ServerSpec {
  const { user, server, generation, group, config } = input;
  const { key, profile } = profileFor(server.options, group, config);
  const limits: ServerLimits = {
    memoryBytes: profile.memoryBytes ?? config.memoryBytes,
    cpus: profile.cpus ?? config.cpus,
    pids: profile.pids ?? config.pids,
  };
  const baseUrl = serverUrl(config.basePath, user, server);
  const secret = containerSecret(input.secrets.instanceKey, server.id, generation);
  return {
    userId: user.id,
    serverId: server.id,
    generation,
    profile: key,
    ...(server.home === undefined ? {} : { home: server.home }),
    kind: profile.kind,
    baseUrl,
    secret,
    environment: {
      ...commonEnvironment({ user, server, baseUrl, limits, basePath: config.basePath }),
      ...(profile.kind === "jupyter" ? jupyterEnvironment(baseUrl, secret) : {}),
      ...(profile.kind === "singleuser"
        ? singleuserEnvironment({
            user,
            server,
            baseUrl,
            basePath: config.basePath,
            port: profile.port,
            image: profile.image,
            token: serverToken(input.secrets.instanceKey, server.id, generation),
          })
        : {}),
    },
    limits,
    network: config.internet ? "internet" : "none",
  };
}

/** The first of the user's classes, in the order in which they were made. */
export function groupOf(state: StoreReader, user: UserRecord): GroupRecord | undefined {
  const [first] = membershipsOf(state, user.id);
  return first && state.get("groups", first.groupId);
}

/** Path of a server, with a slash at its end. */
export function serverUrl(basePath: string, user: UserRecord, server: ServerRecord): string {
  const name = server.name === "" ? "" : `${encodeServerName(server.name)}/`;
  return `${basePath}user/${user.name}/${name}`;
}

function commonEnvironment(input: {
  readonly user: UserRecord;
  readonly server: ServerRecord;
  readonly baseUrl: string;
  readonly limits: ServerLimits;
  readonly basePath: string;
}): Record<string, string> {
  const { user, server, baseUrl, limits, basePath } = input;
  return {
    HOME: "/home/jovyan",
    NB_UID: "1000",
    JUPYTERHUB_USER: user.name,
    JUPYTERHUB_SERVER_NAME: server.name,
    JUPYTERHUB_BASE_URL: basePath,
    JUPYTERHUB_SERVICE_PREFIX: baseUrl,
    JUPYTERHUB_HOST: "",
    HOMEROOM_HUB_PREFIX: `${basePath}hub/`,
    HOMEROOM_DISPLAY_NAME: user.displayName,
    MEM_LIMIT: String(limits.memoryBytes),
    CPU_LIMIT: String(limits.cpus),
  };
}

/**
 * Never `JUPYTERHUB_API_TOKEN`, unless the kind is `singleuser`: where that is set, docker-stacks images run
 * `jupyterhub-singleuser` instead of plain JupyterLab, and the hub would hand a token of its own to whoever runs code
 * in there.
 */
function jupyterEnvironment(baseUrl: string, secret: string): Record<string, string> {
  return {
    JUPYTER_TOKEN: secret,
    NOTEBOOK_ARGS: `--ServerApp.base_url=${baseUrl} --ServerApp.allow_remote_access=True`,
  };
}
