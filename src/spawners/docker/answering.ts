/** From a container that was started to one that answers, or to the reason why it never will. */
import { HubError } from "#src/errors.ts";
import type { ServerSpec, Upstream } from "#src/spawners/spawner.ts";
import type { ContainerFacts } from "./engine/facts.ts";
import type { Engine } from "./engine.ts";
import { listenersOf, silentFailure } from "./listeners.ts";
import { probe, type ProbeFailure } from "./probe.ts";
import { type Profile, upstreamOf } from "./profiles.ts";
import { exitFailure, isAlive } from "./server-states.ts";
import type { Tasks } from "./tasks.ts";

/** How long a port may answer nonsense before the start has failed. */
const GARBAGE_PATIENCE_MS = 10_000;
/** Of the time for this step: finding out why nothing answers. */
const LOOK_SHARE = 0.2;
const LONGEST_LOOK_MS = 10_000;

interface AnsweringParts {
  readonly engine: Engine;
  readonly tasks: Tasks;
  readonly startTimeoutSeconds: number;
}

export interface Started {
  readonly spec: ServerSpec;
  readonly profile: Profile;
  readonly containerId: string;
  /** Name of its private network. */
  readonly network: string;
}

function probeTimeOf(stepMs: number): number {
  return stepMs - Math.min(stepMs * LOOK_SHARE, LONGEST_LOOK_MS);
}

export async function untilAnswering(
  parts: AnsweringParts,
  started: Started,
  signal: AbortSignal,
): Promise<Upstream> {
  const { engine, startTimeoutSeconds } = parts;
  const { spec, profile, containerId } = started;
  const facts = await engine.containers.inspect(containerId, signal);
  const host = facts?.addresses.get(started.network);
  if (facts === undefined || !isAlive(facts.status) || host === undefined || host === "") {
    throw await whyEnded(parts, started, facts, signal);
  }
  const upstream = upstreamOf(profile, host);
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const timeoutMs = probeTimeOf(startTimeoutSeconds * 1000);
  const times = { timeoutMs, patienceMs: GARBAGE_PATIENCE_MS };
  const answer = probe({ ...spec, upstream }, times, until);
  const exit = engine.containers.waitForExit(containerId, until).then(() => "exited" as const);
  try {
    const outcome = await Promise.race([answer, exit]);
    if (outcome === "answering") return upstream;
    if (outcome !== "exited") throw await whyNot(parts, started, outcome, signal);
    const ended = await engine.containers.inspect(containerId, signal);
    throw await whyEnded(parts, started, ended, signal);
  } finally {
    over.abort();
    await Promise.allSettled([answer, exit]);
  }
}

/** An image for other machines ends like any other that is broken; where an emulator is installed, it runs. */
async function whyEnded(
  { engine }: AnsweringParts,
  { spec, profile: { image } }: Started,
  facts: ContainerFacts | undefined,
  signal: AbortSignal,
): Promise<HubError> {
  const failure = exitFailure(facts, spec.limits.memoryBytes);
  if (failure.code === "out_of_memory") return failure;
  const [made, own] = await Promise.all([
    engine.architectureOf(image, signal),
    engine.info(signal).then(({ architecture }) => architecture),
  ]);
  if (made === "" || own === "" || made === own) return failure;
  return new HubError("wrong_architecture", { image, made, own });
}

async function whyNot(
  { tasks, startTimeoutSeconds }: AnsweringParts,
  { spec, profile: { port }, containerId }: Started,
  outcome: ProbeFailure,
  signal: AbortSignal,
): Promise<HubError> {
  if (outcome.is === "silent") {
    const seconds = Math.round(probeTimeOf(startTimeoutSeconds * 1000) / 1000);
    return silentFailure(await listenersOf(tasks, containerId, signal), port, seconds);
  }
  // The app of another kind, or one that was not told where it is: the address of every other page is wrong, too.
  if (outcome.status === 404) {
    return new HubError("base_unknown", { port, path: spec.baseUrl });
  }
  return new HubError("answered_garbage", { port, detail: outcome.detail });
}
