/**
 * The one schema of every setting: section, default, limits, environment variable and description. The
 * reference page docs/configuration.md is generated from it.
 */
import * as v from "valibot";
import type { InstanceId } from "#src/stores/records.ts";
import { profileSchema, serviceSchema } from "./entries.ts";
import { basePath, bytes, isNetwork, path, pool, port, seconds, setting } from "./setting-kinds.ts";

export const configSchema = v.strictObject({
  title: setting(
    v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(80)), "Homeroom"),
    "HOMEROOM_TITLE",
    "Name of the school or class, shown on every page.",
  ),
  basePath: setting(
    v.optional(basePath, "/"),
    "HOMEROOM_BASE_PATH",
    "Path below which everything is served; begins and ends with a slash.",
    "/jupyterhub/",
  ),
  dataDir: setting(
    v.optional(path, "./data"),
    "HOMEROOM_DATA",
    "Folder of the database, secrets and control socket.",
  ),
  listen: v.optional(
    v.strictObject({
      port: setting(v.optional(port, 8000), "HOMEROOM_PORT", "Port of the hub."),
      bind: setting(
        v.optional(v.pipe(v.string(), v.nonEmpty()), "127.0.0.1"),
        "HOMEROOM_BIND",
        "Address that the hub listens on; `default-route` means the one address of the interface with the default route (used in the hub's image).",
      ),
      trustedProxies: setting(
        v.optional(
          v.array(
            v.pipe(
              v.string(),
              v.check(
                isNetwork,
                "must be an address or network, like 192.168.1.2 or 172.30.0.0/24",
              ),
            ),
          ),
          [],
        ),
        "HOMEROOM_TRUSTED_PROXIES",
        "Addresses or networks of web servers in front whose X-Forwarded-* headers are believed.",
        "192.168.1.2,172.30.0.1",
      ),
      publicUrl: setting(
        v.optional(
          v.pipe(
            v.string(),
            v.regex(
              /^https?:\/\/[^\s/?#@\\]+\/?$/,
              "must be http:// or https:// and a host, without a path, like https://school.example",
            ),
          ),
        ),
        "HOMEROOM_PUBLIC_URL",
        "Origin under which people reach the box, when it differs from what browsers send as Host.",
        "https://school.example",
      ),
    }),
    {},
  ),
  log: v.optional(
    v.strictObject({
      level: setting(
        v.optional(v.picklist(["debug", "info", "warn", "error"]), "info"),
        "HOMEROOM_LOG_LEVEL",
        "Least level of what is logged.",
      ),
    }),
    {},
  ),
  sessions: v.optional(
    v.strictObject({
      idleHours: setting(
        v.optional(v.pipe(v.number(), v.minValue(0.01)), 8),
        "HOMEROOM_SESSION_IDLE_HOURS",
        "A session ends after so many hours without a request.",
      ),
      maxDays: setting(
        v.optional(v.pipe(v.number(), v.minValue(0.01)), 14),
        "HOMEROOM_SESSION_MAX_DAYS",
        "A session ends after so many days, used or not.",
      ),
      noticeOtherDevices: setting(
        v.optional(v.boolean(), true),
        "HOMEROOM_NOTICE_DEVICES",
        "The home page tells people when their account was used on another device, and asks whether that was them.",
      ),
    }),
    {},
  ),
  sharing: setting(
    v.optional(v.picklist(["nobody", "teachers", "everyone"]), "teachers"),
    "HOMEROOM_SHARING",
    "Who may let others open their notebook: `teachers` are teachers and owners, `everyone` students too. What was shared by somebody who may not any more opens nothing.",
  ),
  passwords: v.optional(
    v.strictObject({
      minLength: setting(
        v.optional(v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(64)), 8),
        "HOMEROOM_PASSWORD_LENGTH",
        "Least length of a password that a person chooses.",
      ),
    }),
    {},
  ),
  spawner: v.optional(
    v.strictObject({
      kind: setting(
        v.optional(v.picklist(["docker"]), "docker"),
        "HOMEROOM_SPAWNER",
        "Where notebooks run.",
      ),
      socketPath: setting(
        v.optional(path, "/var/run/docker.sock"),
        "HOMEROOM_DOCKER_SOCKET",
        "Docker's socket.",
      ),
      pool: setting(
        v.optional(pool, "10.213.0.0/16"),
        "HOMEROOM_POOL",
        "Address pool of the notebooks' private networks (a /28 each).",
        "10.213.0.0/16",
      ),
      concurrentStarts: setting(
        v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64))),
        "HOMEROOM_CONCURRENT_STARTS",
        "Notebooks that may start at the same time; the others wait in line. Not set: one for each core.",
      ),
      startTimeoutSeconds: setting(
        v.optional(seconds, 120),
        "HOMEROOM_START_TIMEOUT",
        "Seconds that one step of a start may take.",
      ),
      stopTimeoutSeconds: setting(
        v.optional(seconds, 30),
        "HOMEROOM_STOP_TIMEOUT",
        "Seconds that a notebook has to save and end before it is killed.",
      ),
      internet: setting(
        v.optional(v.boolean(), false),
        "HOMEROOM_INTERNET",
        "Notebooks may open connections to the outside.",
      ),
      memoryBytes: setting(
        v.optional(bytes, 1024 ** 3),
        "HOMEROOM_MEMORY",
        "Memory limit of one notebook.",
        "1g",
      ),
      cpus: setting(
        v.optional(v.pipe(v.number(), v.minValue(0.1)), 2),
        "HOMEROOM_CPUS",
        "CPU limit of one notebook, in cores.",
      ),
      pids: setting(
        v.optional(v.pipe(v.number(), v.integer(), v.minValue(32)), 256),
        "HOMEROOM_PIDS",
        "Processes and threads that one notebook may have.",
      ),
      image: setting(
        v.optional(v.pipe(v.string(), v.nonEmpty()), "homeroom-notebook"),
        "HOMEROOM_NOTEBOOK_IMAGE",
        "Image of the default profile.",
      ),
      namedServers: v.optional(
        v.strictObject({
          allow: setting(
            v.optional(v.boolean(), false),
            "HOMEROOM_NAMED_SERVERS",
            "People may have more notebooks than their first one, each with a name of its own.",
          ),
          limitPerUser: setting(
            v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(50)), 3),
            "HOMEROOM_NAMED_SERVER_LIMIT",
            "Named notebooks that one person may have besides the first one.",
          ),
          home: setting(
            v.optional(v.picklist(["shared", "own"]), "shared"),
            "HOMEROOM_NAMED_SERVER_HOME",
            "Files of a named notebook: `shared` has those of its person, `own` has its own, which are deleted with it. It counts for notebooks that are made from then on.",
          ),
        }),
        {},
      ),
      profiles: v.optional(
        v.record(
          v.pipe(
            v.string(),
            v.regex(
              /^[a-z0-9][a-z0-9-]{0,31}$/,
              "cannot name a profile: a-z, 0-9 and - make a name",
            ),
          ),
          profileSchema,
        ),
        {},
      ),
    }),
    {},
  ),
  services: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "cannot name a service: a-z, 0-9 and - make a name"),
      ),
      serviceSchema,
    ),
    {},
  ),
});

export type Config = v.InferOutput<typeof configSchema>;
export type SpawnerConfig = Config["spawner"];
export type ProfileConfig = v.InferOutput<typeof profileSchema>;

/** Made at the first start, kept in `secrets.json` (mode 0600), never logged. */
export interface Secrets {
  /** Names this installation's objects in Docker. */
  readonly instanceId: InstanceId;
  /** 256-bit key (base64url) under which container secrets and form tokens are derived. */
  readonly instanceKey: string;
  /** Tokens that services have from elsewhere, by the service's name; the others' are derived. */
  readonly serviceTokens?: Readonly<Record<string, string>> | undefined;
}
