/** How long notebooks take to start and to stop, from what is told of them. */
import type { Clock } from "#src/clock.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserId } from "#src/stores/records.ts";
import { Histogram, type Metric } from "./exposition.ts";

interface Pending {
  readonly is: "start" | "stop";
  readonly beganMs: number;
  /** Steps that were counted. */
  steps: number;
}

const startBuckets = [0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 180, 300, 600];

export class ServerTimes {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();
  readonly #start = new Histogram({
    name: "jupyterhub_server_spawn_duration_seconds",
    help: "Time from asking for a notebook until it answers, or until its start failed",
    labels: ["status", "reason"],
    buckets: startBuckets,
  });
  readonly #step = new Histogram({
    name: "homeroom_start_step_seconds",
    help: "Time of each step of a start",
    labels: ["step"],
    buckets: [0.01, 0.05, 0.1, 0.25, ...startBuckets],
  });
  readonly #stop = new Histogram({
    name: "jupyterhub_server_stop_seconds",
    help: "Time that notebooks take to stop",
    labels: ["status"],
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get metrics(): readonly Metric[] {
    return [this.#start, this.#step, this.#stop];
  }

  /** The answer ends it. What was under way before is not counted: nobody knows since when. */
  follow(servers: Pick<Servers, "onChange">): () => void {
    return servers.onChange((userId, name, status) => this.#hear(userId, name, status));
  }

  #hear(userId: UserId, name: string, status: ServerStatus): void {
    const key = `${userId}!${name}`;
    const nowMs = this.#clock.monotonic();
    const pending = this.#pending.get(key);
    switch (status.is) {
      case "queued":
      case "starting": {
        const start = pending?.is === "start" ? pending : this.#begin(key, "start", nowMs);
        if (status.is === "starting") this.#countSteps(start, status.done);
        return;
      }
      case "stopping":
        if (pending?.is === "start") this.#failed(pending, "start_cancelled", nowMs);
        if (pending?.is !== "stop") this.#begin(key, "stop", nowMs);
        return;
      case "running":
      case "frozen":
        if (pending?.is === "start") {
          this.#start.observe(seconds(pending.beganMs, nowMs), "success", "");
        } else if (pending?.is === "stop") {
          this.#stop.observe(seconds(pending.beganMs, nowMs), "failure");
        }
        break;
      case "stopped":
        if (pending?.is === "start") {
          this.#failed(pending, status.lastFailure?.code ?? "start_cancelled", nowMs);
        } else if (pending?.is === "stop") {
          this.#stop.observe(seconds(pending.beganMs, nowMs), "success");
        }
    }
    this.#pending.delete(key);
  }

  #begin(key: string, is: Pending["is"], nowMs: number): Pending {
    const pending = { is, beganMs: nowMs, steps: 0 };
    this.#pending.set(key, pending);
    return pending;
  }

  #countSteps(start: Pending, done: Extract<ServerStatus, { is: "starting" }>["done"]): void {
    // A start that is tried once more begins its steps anew.
    for (const { step, seconds: took } of done.slice(done.length < start.steps ? 0 : start.steps)) {
      this.#step.observe(took, step);
    }
    start.steps = done.length;
  }

  #failed(start: Pending, reason: string, nowMs: number): void {
    this.#start.observe(seconds(start.beganMs, nowMs), "failure", reason);
  }
}

function seconds(fromMs: number, toMs: number): number {
  return (toMs - fromMs) / 1000;
}
