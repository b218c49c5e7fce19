/** What the tag of a notebook says about its status, and with which shape. */
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { StepName } from "#src/spawners/spawner.ts";
import type { IsoTime } from "#src/stores/records.ts";

type StatusTag =
  | "working"
  | "idle"
  | "starting"
  | "in_line"
  | "stopping"
  | "stopped"
  | "low_memory"
  | "failed"
  | "first_sign_in"
  | "locked";

/** Nothing done for so long is "idle". */
const IDLE_SECONDS = 10 * 60;

export interface Person {
  readonly neverSignedIn?: boolean;
  readonly isLocked?: true;
  readonly lastActivity?: IsoTime;
}

export function statusTag(
  status: ServerStatus,
  person: Person,
  secondsSince: (time: IsoTime) => number,
): StatusTag {
  switch (status.is) {
    case "stopped":
      if (person.isLocked === true) return "locked";
      if (status.lastFailure !== undefined) return "failed";
      return person.neverSignedIn === true ? "first_sign_in" : "stopped";
    case "queued":
      return "in_line";
    case "starting":
      return "starting";
    case "stopping":
      return "stopping";
    case "frozen":
      return "idle";
    case "running":
      if (status.outOfMemoryAt !== undefined) return "low_memory";
      return isIdle(person, secondsSince) ? "idle" : "working";
  }
}

function isIdle({ lastActivity }: Person, secondsSince: (time: IsoTime) => number): boolean {
  return lastActivity !== undefined && secondsSince(lastActivity) >= IDLE_SECONDS;
}

interface ShownStep {
  /** Key of its text in the catalogue, below `steps`. */
  readonly name: "waited" | "files" | "started" | "answering";
  readonly state: "done" | "now" | "todo";
  readonly seconds?: number;
}

/** What people see of the steps: the three that make room for a container are one to them. */
const SHOWN_STEPS: readonly (readonly [ShownStep["name"], readonly StepName[]])[] = [
  ["waited", ["waited"]],
  ["files", ["network", "volume", "container"]],
  ["started", ["started"]],
  ["answering", ["answering"]],
];

interface StartProgress {
  readonly steps: readonly ShownStep[];
  readonly finished: number;
  readonly now: ShownStep["name"];
}

/** Of a server that waits or starts. */
export function startProgress(status: ServerStatus): StartProgress {
  const steps = SHOWN_STEPS.map(([name, parts]) => ({ name, ...progressOf(parts, status) }));
  return {
    steps,
    finished: steps.filter(({ state }) => state === "done").length,
    now: steps.find(({ state }) => state === "now")?.name ?? "answering",
  };
}

function progressOf(parts: readonly StepName[], status: ServerStatus): Omit<ShownStep, "name"> {
  if (status.is === "queued") return { state: parts.includes("waited") ? "now" : "todo" };
  if (status.is !== "starting") return { state: "todo" };
  if (parts.includes(status.now)) return { state: "now" };
  const done = status.done.filter(({ step }) => parts.includes(step));
  if (done.length === 0) return { state: "todo" };
  return { state: "done", seconds: done.reduce((sum, { seconds }) => sum + seconds, 0) };
}
