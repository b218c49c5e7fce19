/** Ids ↔ the names and labels of Docker's objects. Pure. */
import type { Upstream } from "#src/spawners/spawner.ts";
import { isId } from "#src/stores/ids.ts";
import type { InstanceId, ServerId, UserId } from "#src/stores/records.ts";

/**
 * `net` is the private network of a server, `out` its way to the internet, `task` a throw-away container, `hub` the
 * mark of the hub that works for this instance.
 */
export type ObjectKind = "server" | "net" | "out" | "home" | "task" | "hub";

const NAME = /^hr-[a-z2-7]{16}-(?:server|net|out|home|task|hub)-[a-z2-7]{16}$/;
const ENGINE_ID = /^[0-9a-f]{64}$/;

export function objectName(instanceId: InstanceId, kind: ObjectKind, id: string): string {
  const name = `hr-${instanceId}-${kind}-${id}`;
  if (!NAME.test(name)) throw new TypeError(`not a name of ours: ${JSON.stringify(name)}`);
  return name;
}

/**
 * What may stand in a path to the engine: a name made here or a full id that the engine gave. Anything else (`x/../y`,
 * an empty text) makes the engine redirect, which ends the process inside docker-modem.
 */
export function isObjectReference(text: string): boolean {
  return NAME.test(text) || ENGINE_ID.test(text);
}

/** An image as it may be named in the configuration: repository, registry, tag or digest. */
export function isImageReference(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/.test(text) && !/\.\.|\/\/|\/$/.test(text);
}

export const LABEL = {
  instance: "homeroom.instance",
  kind: "homeroom.kind",
  user: "homeroom.user",
  server: "homeroom.server",
  generation: "homeroom.generation",
  config: "homeroom.config",
  profile: "homeroom.profile",
  /** On servers that ask the hub who visits: where they do. */
  hub: "homeroom.hub",
  /** On throw-away containers: the process that made them. */
  run: "homeroom.run",
  /** On the mark of an instance: the hub that works for it. */
  holder: "homeroom.holder",
} as const;

export type Labels = Readonly<Record<string, string>>;

export function labelsOf(
  instanceId: InstanceId,
  kind: ObjectKind,
  owner: { readonly userId?: UserId; readonly serverId?: ServerId } = {},
): Record<string, string> {
  return {
    [LABEL.instance]: instanceId,
    [LABEL.kind]: kind,
    ...(owner.userId === undefined ? {} : { [LABEL.user]: owner.userId }),
    ...(owner.serverId === undefined ? {} : { [LABEL.server]: owner.serverId }),
  };
}

export interface ServerLabels {
  readonly userId: UserId;
  readonly serverId: ServerId;
  readonly generation: number;
  readonly profile: string;
  readonly configHash: string;
  /** Where it asks the hub who visits. */
  readonly hub?: Upstream;
}

/** What the labels of a server's container say; `undefined` when they are not such labels. */
export function readServerLabels(labels: Labels): ServerLabels | undefined {
  const userId = labels[LABEL.user] ?? "";
  const serverId = labels[LABEL.server] ?? "";
  const generation = Number(labels[LABEL.generation]);
  if (labels[LABEL.kind] !== "server" || !isId<"user">(userId) || !isId<"server">(serverId)) {
    return undefined;
  }
  if (!Number.isSafeInteger(generation)) return undefined;
  const profile = labels[LABEL.profile] ?? "";
  const hub = readAddress(labels[LABEL.hub]);
  return {
    userId,
    serverId,
    generation,
    profile,
    configHash: labels[LABEL.config] ?? "",
    ...(hub === undefined ? {} : { hub }),
  };
}

/** `10.213.0.14:8081` */
function readAddress(text = ""): Upstream | undefined {
  const [, host, port] = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

/** The labels that all objects of this instance carry and no other does. */
export function isOurs(labels: Labels | null | undefined, instanceId: InstanceId): boolean {
  return labels?.[LABEL.instance] === instanceId;
}
