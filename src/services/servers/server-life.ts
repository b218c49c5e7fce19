/** Follows the state of one server, and has done what it asks: waiting in line, starting, stopping, deadlines. */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { ServerState as FoundState, Upstream } from "#src/spawners/spawner.ts";
import type { ServerId, ServerRecord, UserId } from "#src/stores/records.ts";
import type { AboutServer } from "./engine-watch.ts";
import { type LifeLimits, deadlineOf } from "./server-deadlines.ts";
import { failureOfDelay, failureOfEarlyExit } from "./server-failures.ts";
import type { ServerKey } from "./server-records.ts";
import { type RunsParts, ServerRuns } from "./server-runs.ts";
import type { Exit, LifeEvent, LifeState, Moment, Starting } from "./server-state.ts";
import { transition } from "./server-transition.ts";
import type { StartQueue } from "./start-queue.ts";
import { countdown } from "#src/timers.ts";

/** What could not be removed is tried again, ever more rarely; then it waits for the next start. */
const SWEEPS_AFTER_MS = [30_000, 120_000, 480_000];
/** A driver that saw its server die while it started looks for the reason, and tells it within this time. */
const REASON_MS = 5_000;

export interface LifeParts extends RunsParts {
  readonly queue: StartQueue<ServerId>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: LifeLimits;
  readonly isEngineLost: () => boolean;
  readonly onChange: (life: ServerLife) => void;
}

export class ServerLife implements ServerKey {
  readonly userId: UserId;
  readonly serverId: ServerId;
  readonly name: string;
  readonly log: Logger;
  readonly #parts: LifeParts;
  readonly #runs: ServerRuns;
  #state: LifeState;
  #cancelDeadline: () => void = () => {};
  #cancelSweep: () => void = () => {};
  #cancelReason: () => void = () => {};
  #sweeps = 0;
  #isClosed = false;

  constructor(record: ServerRecord, parts: LifeParts) {
    this.userId = record.userId;
    this.serverId = record.id;
    this.name = record.name;
    this.#parts = parts;
    this.log = parts.log.child({ user: this.userId, server: this.serverId });
    this.#runs = new ServerRuns(this, parts);
    const { lastFailure } = record;
    this.#state = { is: "stopped", ...(lastFailure === undefined ? {} : { lastFailure }) };
  }

  get state(): LifeState {
    return this.#state;
  }

  /** How the stop under way ends: with nothing, or with why it could not be done. */
  get stopEnded(): Promise<HubError | undefined> | undefined {
    return this.#state.is === "stopping" ? this.#runs.stopEnded : undefined;
  }

  get now(): Moment {
    const { clock } = this.#parts;
    return { at: isoTime(clock), monotonic: clock.monotonic() };
  }

  /** Takes in what happened. `false`: it does not concern the present state. */
  apply(event: LifeEvent): boolean {
    if (this.#isClosed) return false;
    const outcome = transition(this.#state, event);
    if (!outcome.ok) return false;
    const before = this.#state;
    this.#state = outcome.state;
    this.#cancelSweep();
    this.#watchDeadline();
    this.#enter(before, outcome.state);
    this.#parts.onChange(this);
    return true;
  }

  /** The engine was lost or is back: a start in line waits for it only so long. */
  engineChanged(): void {
    if (this.#state.is === "queued") this.#watchDeadline();
  }

  /** Leaves the engine as it is; a start under way stays asked for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelDeadline();
    this.#cancelSweep();
    this.#cancelReason();
    await this.#runs.close();
  }

  /** What could not be removed is tried again after a while. */
  sweepLater(): void {
    const ms = SWEEPS_AFTER_MS[this.#sweeps];
    if (ms === undefined || this.#isClosed || this.#state.is !== "stopped") return;
    this.#sweeps += 1;
    const generation = this.#parts.records.get(this)?.generation ?? 0;
    this.#cancelSweep = this.#parts.timers.after(ms, () => {
      this.apply({ event: "found_leftover", generation, when: this.now });
    });
  }

  /** Takes in an event of the engine about this server; `false` when the engine is better asked. */
  hear(event: AboutServer): boolean {
    const { generation } = event;
    switch (event.event) {
      case "died":
        this.#died(generation, { code: event.exitCode, outOfMemory: event.outOfMemory });
        return true;
      case "out_of_memory":
        this.apply({ event: "out_of_memory", generation, when: this.now });
        return true;
      case "frozen":
        this.apply({ event: "frozen", generation });
        return true;
      case "resumed":
        return this.apply({ event: "resumed", generation });
    }
  }

  /** Takes in what the engine has of a server that should run. */
  takeIn(found: FoundState | undefined): void {
    const state = this.#state;
    if (state.is !== "running" && state.is !== "frozen") return;
    const { generation } = state;
    if (found?.generation !== generation) {
      this.apply({ event: "died", generation, when: this.now });
    } else if (found.state === "exited") {
      const exit = found.exit ?? { code: -1, outOfMemory: false };
      this.apply({ event: "died", generation, exit, when: this.now });
    } else if (found.state === "frozen") {
      this.apply({ event: "frozen", generation });
    } else if (found.state === "running" && found.upstream !== undefined) {
      const { upstream } = found;
      if (state.is === "frozen") this.apply({ event: "resumed", generation, upstream });
      else if (!isSame(state.upstream, upstream)) {
        this.apply({ event: "moved", generation, upstream });
      }
    }
  }

  #enter(before: LifeState, state: LifeState): void {
    const { queue } = this.#parts;
    if (before.is === "queued") queue.cancel(this.serverId);
    if (state.is === "queued") {
      queue.add(this.serverId, () => this.#begin(), { first: state.attempt > 1 });
    }
    if (state.is === "running") this.#sweeps = 0;
    if (state.is === "stopping" && before.is !== "stopping") this.#runs.stop(state);
  }

  #died(generation: number, exit: Exit): void {
    const state = this.#state;
    if (state.is === "starting" && state.generation === generation) {
      const { memoryBytes } = this.#parts.specs.detailsOf(this);
      const failure = failureOfEarlyExit(exit, memoryBytes);
      const { timers } = this.#parts;
      this.#cancelReason();
      if (exit.outOfMemory) this.#runs.failStart(failure);
      else
        this.#cancelReason = timers.after(REASON_MS, () => this.#diedUnexplained(state, failure));
      return;
    }
    this.apply({ event: "died", generation, exit, when: this.now });
  }

  #diedUnexplained({ generation, attempt }: Starting, failure: HubError): void {
    const state = this.#state;
    if (state.is !== "starting" || state.generation !== generation) return;
    if (state.attempt === attempt) this.#runs.failStart(failure);
  }

  #watchDeadline(): void {
    this.#cancelDeadline();
    const deadline = deadlineOf(this.#state, this.#parts.limits);
    if (deadline === undefined) return;
    if (deadline.counts === "while_engine_lost" && !this.#parts.isEngineLost()) return;
    const { timers } = this.#parts;
    this.#cancelDeadline = countdown(timers, deadline.ms, () => this.#late(deadline.ms / 1000));
  }

  #late(seconds: number): void {
    const state = this.#state;
    if (state.is === "queued") {
      const detail = `no answer for ${seconds} seconds`;
      void this.#runs.startFailed(new HubError("docker_unreachable", { detail }), state.generation);
    } else if (state.is === "starting") {
      const { port } = this.#parts.specs.detailsOf(this);
      this.#runs.failStart(failureOfDelay(state.now, seconds, port));
    } else if (state.is === "stopping") {
      const detail = `the notebook did not end within ${seconds} seconds`;
      this.#runs.failStop(new HubError("spawner_failed", { detail }));
    }
  }

  /** Called by the queue when it is this server's turn; ends when its place is free again. */
  async #begin(): Promise<boolean> {
    this.apply({ event: "place_free", when: this.now });
    return this.#state.is === "starting" && this.#runs.start(this.#state);
  }
}

function isSame(a: Upstream, b: Upstream): boolean {
  return a.host === b.host && a.port === b.port;
}
