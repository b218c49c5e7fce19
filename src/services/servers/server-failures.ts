/** What went wrong with a server, in terms of the table of failures. */
import { type FailureCode, type FailureData, HubError } from "#src/errors.ts";
import type { StepName } from "#src/spawners/spawner.ts";
import type { Exit } from "./server-state.ts";

/** An error that is not from the table is a bug of ours or of a driver; its text is for teachers only. */
export function failureOf(error: unknown): FailureData {
  if (error instanceof HubError) return error.toData();
  const detail = error instanceof Error ? error.message : String(error);
  return { code: "spawner_failed", params: { detail: detail.slice(0, 200) } };
}

/** Worth one more try: the engine stumbled. Everything else would only fail the same way again. */
const passing: ReadonlySet<FailureCode> = new Set(["spawner_failed", "docker_unreachable"]);

export function mayPass(failure: FailureData): boolean {
  return passing.has(failure.code);
}

/** `undefined` for a server that was shut down in an orderly way, from inside or by the box going down. */
export function failureOfExit(
  exit: Exit | undefined,
  memoryBytes: number,
): FailureData | undefined {
  if (exit === undefined) return { code: "removed_outside", params: {} };
  if (exit.outOfMemory) {
    return { code: "out_of_memory", params: { limit: formatBytes(memoryBytes) } };
  }
  return exit.code === 0 ? undefined : { code: "crashed", params: { exit_code: exit.code } };
}

/** It ended before it ever answered. */
export function failureOfEarlyExit(exit: Exit, memoryBytes: number): HubError {
  return exit.outOfMemory
    ? new HubError("out_of_memory", { limit: formatBytes(memoryBytes) })
    : new HubError("exited_at_once", { exit_code: exit.code });
}

export function failureOfDelay(step: StepName, seconds: number, port: number): HubError {
  return step === "answering"
    ? new HubError("never_answered", { seconds, port })
    : new HubError("start_timeout", { step, seconds });
}

function formatBytes(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes >= 1024 && mebibytes % 1024 === 0
    ? `${mebibytes / 1024} GB`
    : `${Math.round(mebibytes)} MB`;
}
