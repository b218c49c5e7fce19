/** Compares what is on record with what the engine has, and says what to do. Pure. */
import type { ServerState as FoundState, Upstream } from "#src/spawners/spawner.ts";
import type { ServerId, ServerRecord } from "#src/stores/records.ts";
import type { Exit, Frozen, LifeState, Running } from "./server-state.ts";

export interface Known {
  readonly record: ServerRecord;
  readonly state: LifeState;
}

export type Decision =
  /** Runs, was meant to run, and this hub did not know. */
  | { readonly do: "adopt"; readonly serverId: ServerId; readonly state: Running | Frozen }
  /** A start that was asked for has not ended; or a server runs that this hub cannot reach yet. */
  | { readonly do: "resume"; readonly serverId: ServerId; readonly generation: number }
  /** It died while nobody looked. */
  | {
      readonly do: "bury";
      readonly serverId: ServerId;
      readonly generation: number;
      readonly exit: Exit;
    }
  /** It was meant to run and is gone without a trace: nothing to tell but that it rests. */
  | { readonly do: "forget"; readonly serverId: ServerId; readonly generation: number }
  /** It is believed to run, and the list does not say so: the engine is asked about it alone. */
  | { readonly do: "look"; readonly serverId: ServerId }
  /** Something of a server that is meant to rest. */
  | { readonly do: "remove"; readonly serverId: ServerId; readonly generation: number }
  /** Something of nobody, or of somebody who was deleted or locked. */
  | { readonly do: "remove_orphan"; readonly serverId: ServerId };

/** `known` are the servers of people who may have one; `listed` is absent when the engine could not be asked. */
export function reconcile(
  known: readonly Known[],
  listed: readonly FoundState[] | undefined,
): readonly Decision[] {
  const foundById = Map.groupBy(listed ?? [], (found) => found.serverId);
  const inLine = known.toSorted((a, b) => timeAsked(a).localeCompare(timeAsked(b)));
  const decisions = inLine.flatMap((each): Decision[] => {
    const found = foundById.get(each.record.id) ?? [];
    foundById.delete(each.record.id);
    const decision =
      listed === undefined && each.record.startRequested === undefined
        ? undefined
        : decide(each, found);
    return decision === undefined ? [] : [decision];
  });
  for (const serverId of foundById.keys()) decisions.push({ do: "remove_orphan", serverId });
  return decisions;
}

function decide({ record, state }: Known, found: readonly FoundState[]): Decision | undefined {
  switch (state.is) {
    case "queued":
    case "starting":
    case "stopping":
      // Its own start or stop deals with whatever is there.
      return undefined;
    case "running":
    case "frozen": {
      const same = found.find(({ generation }) => generation === state.generation);
      const isAsKnown = same?.state === state.is && isSame(same.upstream, state.upstream);
      return isAsKnown ? undefined : { do: "look", serverId: record.id };
    }
    case "stopped":
      return decideForStopped(record, found);
  }
}

function decideForStopped(
  record: ServerRecord,
  found: readonly FoundState[],
): Decision | undefined {
  const { id: serverId, generation, started, startRequested } = record;
  if (startRequested !== undefined) {
    return { do: "resume", serverId, generation };
  }
  const same = found.find((each) => each.generation === generation);
  if (started === undefined || same === undefined || same.state === "created") {
    if (found.length > 0) return { do: "remove", serverId, generation };
    return started === undefined ? undefined : { do: "forget", serverId, generation };
  }
  if (same.state === "exited") {
    const exit = same.exit ?? { code: -1, outOfMemory: false };
    return { do: "bury", serverId, generation, exit };
  }
  const { upstream } = same;
  if (same.state === "frozen") {
    const frozen = { is: "frozen", generation, started } as const;
    const state = upstream === undefined ? frozen : { ...frozen, upstream };
    return { do: "adopt", serverId, state };
  }
  return upstream === undefined
    ? { do: "resume", serverId, generation }
    : { do: "adopt", serverId, state: { is: "running", generation, started, upstream } };
}

/** First come, first served, across a restart of the hub. */
function timeAsked({ record }: Known): string {
  return record.startRequested ?? "";
}

function isSame(a: Upstream | undefined, b: Upstream | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port;
}
