/** Where notebooks run. Plain values cross this seam, so that it can move behind a socket. */
import type { FailureData } from "#src/errors.ts";
import type { IsoTime, ServerId, UserId } from "#src/stores/records.ts";

export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** Absent: `jupyter`. */
  readonly kind?: Exclude<ServerSpec["kind"], "jupyter">;
  /** With `web`: it answers at `/` instead of below its base URL. */
  readonly stripsPrefix?: true;
}

/** Everything a driver needs to make one server; only the driver turns it into Docker's words. */
export interface ServerSpec {
  readonly userId: UserId;
  readonly serverId: ServerId;
  readonly generation: number;
  /** A key of the configured profiles. */
  readonly profile: string;
  /** `own`: files that no other server has; absent: those of its person. */
  readonly home?: "own";
  /** `singleuser` runs `jupyterhub-singleuser`; `web` is any web app on one port. */
  readonly kind: "jupyter" | "singleuser" | "web";
  /** Path below which the server answers, for example `/jupyterhub/user/maria/`. */
  readonly baseUrl: string;
  /** What the container asks of whoever reaches its port; injected by the proxy. */
  readonly secret: string;
  /** Of kind `singleuser`: values may begin with `http://{hub}/`, which becomes where the hub is asked. */
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: ServerLimits;
  /** `none`: reaches nothing but the hub. `internet`: outgoing connections are allowed. */
  readonly network: "none" | "internet";
}

export interface ServerLimits {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
}

/** Steps come in this order; each is sent when it has been done. `waited` is sent by the queue, not by a driver. */
export type StepName = "waited" | "network" | "volume" | "container" | "started" | "answering";

export type Step =
  | {
      readonly step: Exclude<StepName, "answering">;
      /** Of kind `singleuser`: where the server, which is not begun before this step is taken, asks the hub. */
      readonly hub?: Upstream;
    }
  | { readonly step: "answering"; readonly upstream: Upstream };

export interface ServerState {
  readonly userId: UserId;
  readonly serverId: ServerId;
  readonly generation: number;
  readonly profile: string;
  readonly state: "created" | "running" | "frozen" | "exited";
  /** Where it answers, when it runs and can be reached. */
  readonly upstream?: Upstream;
  /** Where it asks the hub, when it is of a kind that does. */
  readonly hub?: Upstream;
  /** ISO time of the container's start. */
  readonly started?: string;
  readonly exit?: { readonly code: number; readonly outOfMemory: boolean };
}

export type ServerEvent =
  | {
      readonly event: "died";
      readonly serverId: ServerId;
      readonly generation: number;
      readonly exitCode: number;
      readonly outOfMemory: boolean;
    }
  /** Something inside was ended for want of memory; the server itself lives. */
  | { readonly event: "out_of_memory"; readonly serverId: ServerId; readonly generation: number }
  | { readonly event: "frozen"; readonly serverId: ServerId; readonly generation: number }
  | { readonly event: "resumed"; readonly serverId: ServerId; readonly generation: number }
  /** Events may have been missed: call `list` again after `engine_back`, which is also the first one of a watch. */
  | { readonly event: "engine_lost"; readonly failure: FailureData }
  | { readonly event: "engine_back" };

export interface ServerUsage {
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** CPU time since the start of the container, in seconds. */
  readonly cpuSeconds: number;
}

/** What the engine tells those who keep the box. */
export interface SpawnerReport {
  /** The engine's own version. */
  readonly version: string;
  /** The engine's clock. */
  readonly time: IsoTime;
  /** Memory of the machine that notebooks run on. */
  readonly memoryBytes: number;
  /** One for each profile. */
  readonly images: readonly {
    readonly profile: string;
    readonly image: string;
    readonly isThere: boolean;
    /** The processor that it is made for, when that is not the engine's: `arm64`. */
    readonly madeFor?: string;
  }[];
  /** The pool of private networks: one place for each server. */
  readonly networks: { readonly pool: string; readonly places: number; readonly taken: number };
  /** The disk that homes and images lie on; absent when it cannot be told from here. */
  readonly disk?: { readonly freeBytes: number; readonly totalBytes: number };
}

export interface SpawnerSupports {
  readonly freeze: boolean;
}

/**
 * Every call may be repeated and ends early when its signal is aborted (what was made is left for the next
 * `start` or `stop` to clean up). Failures are `HubError`s, so that they cross the seam as `{ code, params }`.
 */
export interface Spawner extends AsyncDisposable {
  readonly supports: SpawnerSupports;

  /**
   * Makes the server of `spec` and waits until it answers. Whatever of ours carries the same server id and an
   * older generation is removed first; a running one of the same generation and configuration is kept.
   * The last step carries the upstream. When it fails, the container is left for `logs`, the network is not.
   */
  start(spec: ServerSpec, signal: AbortSignal): AsyncIterable<Step>;

  /** Ends and removes container and network; the home stays. Stopping a stopped server is not an error. */
  stop(serverId: ServerId, signal: AbortSignal): Promise<void>;

  freeze(serverId: ServerId, signal: AbortSignal): Promise<void>;
  resume(serverId: ServerId, signal: AbortSignal): Promise<void>;

  /** All servers of this instance that the engine knows: the truth after a restart of the hub. */
  list(signal: AbortSignal): Promise<readonly ServerState[]>;

  /** What one server is doing now, asked of the engine itself; `undefined` when there is none. */
  inspect(serverId: ServerId, signal: AbortSignal): Promise<ServerState | undefined>;

  /** Ends only with its signal. Loss of the engine is an event, not an error. */
  watch(signal: AbortSignal): AsyncIterable<ServerEvent>;

  /** The last `lines` lines that the server printed, oldest first; empty when there is no container. */
  logs(serverId: ServerId, lines: number, signal: AbortSignal): Promise<readonly string[]>;

  usage(serverId: ServerId, signal: AbortSignal): Promise<ServerUsage | undefined>;

  /**
   * Throws what keeps a start from working now (`docker_unreachable`, `image_missing`, `pool_conflict` …). Always
   * looks anew, which may take seconds.
   */
  check(signal: AbortSignal): Promise<void>;

  /** Quick, and changes nothing. Throws `docker_unreachable` when there is nobody to ask. */
  report(signal: AbortSignal): Promise<SpawnerReport>;
}
