/** The parts of the engine's answers that we use, read with care: fields come and go between versions. Pure. */
import type { Labels } from "#src/spawners/docker/names.ts";

export interface ContainerFacts {
  readonly id: string;
  /** `sha256:…` of the image that it was made from. */
  readonly imageId: string;
  readonly hostname: string;
  readonly labels: Labels;
  readonly status: ContainerStatus;
  readonly started?: string;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** Network name → the container's address there (empty while it does not run). */
  readonly addresses: ReadonlyMap<string, string>;
}

export type ContainerStatus = "created" | "running" | "paused" | "exited";

export interface ContainerSummary {
  readonly id: string;
  readonly labels: Labels;
  readonly status: ContainerStatus;
}

export interface NetworkFacts {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  readonly subnets: readonly string[];
  /** The interface on the host. */
  readonly bridge: string;
  readonly internal: boolean;
  readonly options: Readonly<Record<string, string>>;
}

export interface UsageFacts {
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly cpuSeconds: number;
}

export interface EngineInfo {
  readonly version: string;
  /** The engine's clock, ISO; empty when it does not tell. */
  readonly time: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of its processor, as images name it; empty when it does not tell. */
  readonly architecture: string;
  /** The folder on the host that everything of the engine is in. */
  readonly rootFolder: string;
}

/** A value inside nested objects; `undefined` where a step is missing. */
function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const name of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Reflect.get(here, name);
  }
  return here;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function statusOfContainer(value: unknown): ContainerStatus {
  switch (value) {
    case "created":
    case "running":
    case "paused":
      return value;
    // The engine restarts nothing of ours; a foreign hand may have set a policy.
    case "restarting":
      return "running";
    default:
      return "exited";
  }
}

export function readContainer(answer: unknown): ContainerFacts {
  const networks = at(answer, "NetworkSettings", "Networks");
  const addresses = Object.entries(
    typeof networks === "object" && networks !== null ? networks : {},
  ).map(([name, endpoint]) => [name, text(at(endpoint, "IPAddress"))] as const);
  const started = text(at(answer, "State", "StartedAt"));
  return {
    id: text(at(answer, "Id")),
    imageId: text(at(answer, "Image")),
    hostname: text(at(answer, "Config", "Hostname")),
    labels: texts(at(answer, "Config", "Labels")),
    status: statusOfContainer(at(answer, "State", "Status")),
    // Year 1 is the engine's word for "never".
    ...(started === "" || started.startsWith("0001-") ? {} : { started }),
    exitCode: number(at(answer, "State", "ExitCode")),
    outOfMemory: at(answer, "State", "OOMKilled") === true,
    addresses: new Map(addresses),
  };
}

export function readContainerSummary(answer: unknown): ContainerSummary {
  return {
    id: text(at(answer, "Id")),
    labels: texts(at(answer, "Labels")),
    status: statusOfContainer(at(answer, "State")),
  };
}

export function readNetwork(answer: unknown): NetworkFacts {
  const id = text(at(answer, "Id"));
  const options = texts(at(answer, "Options"));
  const configs = at(answer, "IPAM", "Config");
  return {
    id,
    name: text(at(answer, "Name")),
    labels: texts(at(answer, "Labels")),
    subnets: (Array.isArray(configs) ? configs : [])
      .map((config: unknown) => text(at(config, "Subnet")))
      .filter((subnet) => subnet !== ""),
    bridge: options["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`,
    internal: at(answer, "Internal") === true,
    options,
  };
}

/** Who is in a network: names of containers, also of those that are gone and were not taken out. */
export function readEndpointNames(answer: unknown): string[] {
  const containers = at(answer, "Containers");
  if (typeof containers !== "object" || containers === null) return [];
  return Object.values(containers)
    .map((endpoint: unknown) => text(at(endpoint, "Name")))
    .filter((name) => name !== "");
}

/** `undefined` when the container does not run: its figures are then all absent. */
export function readUsage(answer: unknown): UsageFacts | undefined {
  const used = at(answer, "memory_stats", "usage");
  if (typeof used !== "number") return undefined;
  // The page cache that can be dropped at once is no use; cgroup v1 and v2 call it differently.
  const stats = at(answer, "memory_stats", "stats");
  const droppable = at(stats, "total_inactive_file") ?? at(stats, "inactive_file");
  return {
    memoryBytes: Math.max(0, used - number(droppable)),
    memoryLimitBytes: number(at(answer, "memory_stats", "limit")),
    cpuSeconds: number(at(answer, "cpu_stats", "cpu_usage", "total_usage")) / 1e9,
  };
}

/** The engine names its own machine as Linux does. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm",
  armv6l: "arm",
  i386: "386",
  i686: "386",
};

function architectureName(machine: string): string {
  return ARCHITECTURES[machine] ?? machine;
}

/** What an image was made for: `amd64`, `arm64` …; empty when it does not say. */
export function readArchitecture(answer: unknown): string {
  return text(at(answer, "Architecture"));
}

export function readInfo(answer: unknown): EngineInfo {
  return {
    version: text(at(answer, "ServerVersion")),
    time: text(at(answer, "SystemTime")),
    cores: Math.max(1, number(at(answer, "NCPU"))),
    memoryBytes: number(at(answer, "MemTotal")),
    architecture: architectureName(text(at(answer, "Architecture"))),
    rootFolder: text(at(answer, "DockerRootDir")),
  };
}

export function readLabels(answer: unknown): Labels {
  return texts(at(answer, "Labels"));
}

export function readId(answer: unknown): string {
  return text(at(answer, "Id")) || text(at(answer, "id"));
}

export function readNumber(answer: unknown, ...path: readonly string[]): number {
  return number(at(answer, ...path));
}

/** Owner of the first entry of a tar: offsets 108 to 115 of its header hold the uid in octal digits. */
export function readTarOwner(header: Buffer): number | undefined {
  if (header.length < 512) return undefined;
  const digits = header
    .subarray(108, 116)
    .toString("latin1")
    .replace(/[\0 ]+$/, "");
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
