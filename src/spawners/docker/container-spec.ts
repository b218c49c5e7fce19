/** Configuration + server spec → what Docker is asked to create. Pure. */
import { createHash } from "node:crypto";
import type { ServerSpec, Upstream } from "#src/spawners/spawner.ts";
import type { InstanceId } from "#src/stores/records.ts";
import { LABEL, type Labels, labelsOf } from "./names.ts";
import type { Profile } from "./profiles.ts";

/** Where a home is mounted; also the home of the notebook's user in every image that we know. */
export const HOME_PATH = "/home/jovyan";
/** The notebook's user, in the words of Docker. */
const NOTEBOOK_USER = "1000:1000";

/** The part of Docker's create options that we use; a mount of the host cannot be written in it. */
export interface ContainerOptions {
  readonly Image: string;
  readonly Labels: Record<string, string>;
  readonly User: string;
  readonly Hostname?: string;
  readonly Env?: string[];
  readonly Cmd?: string[];
  readonly Entrypoint?: string[];
  readonly WorkingDir?: string;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly Tty: false;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
  readonly Healthcheck: { readonly Test: string[] };
  readonly HostConfig: HostOptions;
}

interface HostOptions {
  readonly NetworkMode: string;
  readonly Mounts: VolumeMount[];
  readonly ReadonlyRootfs: true;
  readonly Tmpfs?: Record<string, string>;
  readonly ShmSize: number;
  readonly CapDrop: ["ALL"];
  readonly CapAdd?: string[];
  readonly SecurityOpt: ["no-new-privileges"];
  readonly Privileged: false;
  readonly PublishAllPorts: false;
  readonly IpcMode: "private";
  readonly Init: boolean;
  readonly AutoRemove: false;
  readonly RestartPolicy: { readonly Name: "no" };
  readonly LogConfig: {
    readonly Type: "json-file" | "none";
    readonly Config: Record<string, string>;
  };
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly NanoCpus?: number;
  readonly CpuShares: number;
  readonly PidsLimit: number;
  readonly OomScoreAdj: number;
  readonly Ulimits: { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly Dns?: string[];
  readonly DnsOptions?: string[];
  readonly DnsSearch?: string[];
}

interface VolumeMount {
  readonly Type: "volume";
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly VolumeOptions: { readonly NoCopy: boolean; readonly Labels: Record<string, string> };
}

export interface ContainerInput {
  readonly instanceId: InstanceId;
  readonly spec: ServerSpec;
  readonly profile: Profile;
  /** Name of the server's private network. */
  readonly network: string;
  /** Name and labels of the home's volume. */
  readonly home: { readonly volume: string; readonly labels: Labels };
  readonly stopTimeoutSeconds: number;
  /** Cores of the box: the engine refuses a limit above them. */
  readonly cores: number;
  readonly labels: Labels;
}

const MIB = 1024 * 1024;
/** A quarter of the hub's weight: with every notebook busy, pages still come quickly. */
const CPU_SHARES = 256;

/** Labels on the volume too: an engine that must make it itself then makes it ours. */
function homeMount(home: ContainerInput["home"], readOnly = false): VolumeMount {
  return {
    Type: "volume",
    Source: home.volume,
    Target: HOME_PATH,
    ReadOnly: readOnly,
    VolumeOptions: { NoCopy: false, Labels: { ...home.labels } },
  };
}

/** What every container of ours gives up, whatever it does. */
const LOCKED_DOWN = {
  ReadonlyRootfs: true,
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  Privileged: false,
  PublishAllPorts: false,
  IpcMode: "private",
  RestartPolicy: { Name: "no" },
} as const satisfies Partial<HostOptions>;

/** Names never resolve in a private network. Unanswered, each look-up would hang for ten seconds. */
const NO_DNS = {
  Dns: ["127.0.0.1"],
  DnsOptions: ["timeout:1", "attempts:1"],
  DnsSearch: ["."],
} satisfies Partial<HostOptions>;

function hostOptions(input: ContainerInput): HostOptions {
  const { spec, cores } = input;
  const { memoryBytes, cpus, pids } = spec.limits;
  const tmpBytes = Math.floor(memoryBytes / 2);
  return {
    ...LOCKED_DOWN,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    NetworkMode: input.network,
    Mounts: [homeMount(input.home)],
    // What is written here is memory of the notebook and counts against its limit.
    Tmpfs: {
      "/tmp": `rw,exec,nosuid,nodev,size=${tmpBytes},mode=1777`,
      "/run": `rw,noexec,nosuid,nodev,size=${16 * MIB},uid=1000,gid=1000,mode=0755`,
    },
    ShmSize: 64 * MIB,
    Init: true,
    AutoRemove: false,
    LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    Memory: memoryBytes,
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(Math.min(cpus, cores) * 1e9),
    CpuShares: CPU_SHARES,
    PidsLimit: pids,
    // When the box itself runs out of memory, notebooks end before the hub and the engine.
    OomScoreAdj: 500,
    // Nothing else is limited here: an engine refuses to start a container with a limit above its own.
    Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
    ...(spec.network === "none" ? NO_DNS : {}),
  };
}

/** What a profile says, with the values of one server in it. */
function filled(text: string, { port }: Profile, baseUrl: string): string {
  const values = { baseUrl, prefix: baseUrl.replace(/\/$/, ""), port: String(port) };
  return text.replaceAll(
    /\{(baseUrl|prefix|port)\}/g,
    (_, name: keyof typeof values) => values[name],
  );
}

function environmentOf({ spec, profile }: ContainerInput): string[] {
  const own = Object.entries(profile.environment ?? {}).map(
    ([name, value]) => [name, filled(value, profile, spec.baseUrl)] as const,
  );
  return Object.entries({ ...Object.fromEntries(own), ...spec.environment })
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

export function containerSpec(input: ContainerInput): ContainerOptions {
  const { spec, profile } = input;
  const command = profile.command?.map((part) => filled(part, profile, spec.baseUrl));
  const options: Omit<ContainerOptions, "Labels"> = {
    Image: profile.image,
    User: NOTEBOOK_USER,
    Hostname: "notebook",
    Env: environmentOf(input),
    ...(command === undefined ? {} : { Cmd: command }),
    Tty: false,
    StopSignal: "SIGTERM",
    StopTimeout: input.stopTimeoutSeconds,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: hostOptions(input),
  };
  const hash = createHash("sha256").update(JSON.stringify(options)).digest("hex").slice(0, 32);
  return {
    ...options,
    Labels: {
      ...input.labels,
      ...labelsOf(input.instanceId, "server", spec),
      [LABEL.generation]: String(spec.generation),
      [LABEL.profile]: spec.profile,
      [LABEL.config]: hash,
    },
  };
}

/**
 * For a server that asks the hub who visits. Not a part of what the configuration is known by: where the hub is
 * follows from the network.
 */
export function withHub(options: ContainerOptions, hub: Upstream): ContainerOptions {
  const address = `${hub.host}:${hub.port}`;
  return {
    ...options,
    Env: (options.Env ?? []).map((line) =>
      line.replace(/^([A-Z_]+=http:\/\/)\{hub\}\//, `$1${address}/`),
    ),
    Labels: { ...options.Labels, [LABEL.hub]: address },
  };
}

export interface TaskInput {
  readonly instanceId: InstanceId;
  readonly image: string;
  /** A shell script and its arguments. */
  readonly script: string;
  readonly arguments: readonly string[];
  readonly home?: ContainerInput["home"];
  readonly homeIsReadOnly?: boolean;
  /** `container:…`: the one of a container that runs. */
  readonly network: "none" | "host" | `container:${string}`;
  /** `root` keeps the one capability to give a home to its user. */
  readonly user: "notebook" | "root";
  /** Room for files of its own, in memory; none without it. */
  readonly scratchBytes?: number;
  readonly labels: Labels;
}

function scratch(bytes: number): Record<string, string> {
  return { "/tmp": `rw,noexec,nosuid,nodev,size=${bytes},mode=1777` };
}

/** A throw-away container that does one thing to a home, as locked down as a notebook. */
export function taskSpec(input: TaskInput): ContainerOptions {
  return {
    Image: input.image,
    Labels: { ...input.labels, ...labelsOf(input.instanceId, "task") },
    User: input.user === "root" ? "0:0" : NOTEBOOK_USER,
    Entrypoint: ["/bin/sh", "-c", input.script, "sh"],
    Cmd: [...input.arguments],
    WorkingDir: "/",
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      ...LOCKED_DOWN,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ...(input.user === "root" ? { CapAdd: ["CHOWN"] } : {}),
      NetworkMode: input.network,
      Mounts: input.home === undefined ? [] : [homeMount(input.home, input.homeIsReadOnly)],
      ...(input.scratchBytes === undefined ? {} : { Tmpfs: scratch(input.scratchBytes) }),
      ShmSize: MIB,
      Init: false,
      AutoRemove: false,
      // What it prints is read while it runs; a backup must not be written to the disk twice.
      LogConfig: { Type: "none", Config: {} },
      Memory: 256 * MIB,
      MemorySwap: 256 * MIB,
      CpuShares: CPU_SHARES,
      PidsLimit: 32,
      OomScoreAdj: 500,
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
    },
  };
}
