/** What the engine says of a container → what it means for a server. Pure. */
import { HubError } from "#src/errors.ts";
import type { ServerState, Upstream } from "#src/spawners/spawner.ts";
import type { ContainerFacts, ContainerStatus, ContainerSummary } from "./engine/facts.ts";
import { readServerLabels } from "./names.ts";

const STATES = {
  created: "created",
  running: "running",
  paused: "frozen",
  exited: "exited",
} as const satisfies Record<ContainerStatus, ServerState["state"]>;

const ALIVE: readonly ContainerStatus[] = ["running", "paused"];

export function isAlive(status: ContainerStatus): boolean {
  return ALIVE.includes(status);
}

/** `undefined` when the container is not a server of ours. */
export function serverState(
  facts: ContainerFacts,
  upstream: Upstream | undefined,
): ServerState | undefined {
  const labels = readServerLabels(facts.labels);
  if (labels === undefined) return undefined;
  const { userId, serverId, generation, profile, hub } = labels;
  const { started, exitCode: code } = facts;
  return {
    userId,
    serverId,
    generation,
    profile,
    state: STATES[facts.status],
    ...(upstream === undefined || !isAlive(facts.status) ? {} : { upstream }),
    ...(hub === undefined || facts.status === "exited" ? {} : { hub }),
    ...(started === undefined ? {} : { started: new Date(started).toISOString() }),
    ...(facts.status === "exited" ? { exit: { code, outOfMemory: endedByMemory(facts) } } : {}),
  };
}

/** The engine's flag alone says only that something inside was ended, perhaps long before. */
function endedByMemory({ exitCode, outOfMemory }: ContainerFacts): boolean {
  return outOfMemory && exitCode === 137;
}

/** What shells and the engine's own first process say of a program that is not there or may not be run. */
function isNoCommand(code: number | "?"): boolean {
  return code === 126 || code === 127;
}

/** Why a container that has ended did so, as a failure of its start. */
export function exitFailure(facts: ContainerFacts | undefined, memoryBytes: number): HubError {
  if (facts !== undefined && endedByMemory(facts)) {
    return new HubError("out_of_memory", { limit: `${Math.round(memoryBytes / 1024 ** 2)} MB` });
  }
  const exit_code = facts?.exitCode ?? "?";
  return new HubError(isNoCommand(exit_code) ? "no_command" : "exited_at_once", { exit_code });
}

/** One container for each server: what a foreign hand renamed may stand beside its successor. */
export function onePerServer(containers: readonly ContainerSummary[]): ContainerSummary[] {
  const best = new Map<string, { rank: readonly [number, number]; container: ContainerSummary }>();
  for (const container of containers) {
    const labels = readServerLabels(container.labels);
    if (labels === undefined) continue;
    const rank = [isAlive(container.status) ? 1 : 0, labels.generation] as const;
    const other = best.get(labels.serverId);
    const isBetter =
      other === undefined ||
      rank[0] > other.rank[0] ||
      (rank[0] === other.rank[0] && rank[1] > other.rank[1]);
    if (isBetter) best.set(labels.serverId, { rank, container });
  }
  return Array.from(best.values(), ({ container }) => container);
}
