/** Does what the state of one server asks of the engine: one start or one stop at a time. */
import { type Clock, isoTime } from "#src/clock.ts";
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { ServerState as FoundState, Upstream } from "#src/spawners/spawner.ts";
import type { LastFailure, ServerId, ServerRecord, UserId } from "#src/stores/records.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import type { AboutServer } from "./engine-watch.ts";
import { type LifeLimits, deadlineOf } from "./server-deadlines.ts";
import {
  failureOf,
  failureOfDelay,
  failureOfEarlyExit,
  failureOfExit,
  mayPass,
} from "./server-failures.ts";
import type { ServerKey, ServerRecords } from "./server-records.ts";
import {
  type Exit,
  type LifeEvent,
  type LifeState,
  type Moment,
  type Starting,
  type Stopping,
  transition,
} from "./server-state.ts";
import type { ServerSpecs } from "./server-specs.ts";
import type { StartQueue } from "./start-queue.ts";
import { type Timers, countdown, pause } from "./timers.ts";

const LOG_TAIL_LINES = 100;
const RETRY_AFTER_MS = 1_000;
/** What could not be removed is tried again, ever more rarely; then it waits for the next start. */
const SWEEPS_AFTER_MS = [30_000, 120_000, 480_000];

/** The reason with which a start is ended that nobody waits for any more. */
const superseded = new Error("superseded");

export interface LifeParts {
  readonly engine: BoundedEngine;
  readonly records: ServerRecords;
  readonly queue: StartQueue<ServerId>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits: LifeLimits;
  readonly specs: ServerSpecs;
  readonly isEngineLost: () => boolean;
  readonly onChange: (life: ServerLife) => void;
}

export class ServerLife implements ServerKey {
  readonly userId: UserId;
  readonly serverId: ServerId;
  readonly name: string;
  readonly #parts: LifeParts;
  readonly #log: Logger;
  #state: LifeState;
  #start: { readonly abort: AbortController; readonly ended: Promise<unknown> } | undefined;
  #stop:
    { readonly abort: AbortController; readonly ended: Promise<HubError | undefined> } | undefined;
  #cancelDeadline: () => void = () => {};
  #cancelSweep: () => void = () => {};
  #sweeps = 0;
  #isClosed = false;

  constructor(record: ServerRecord, parts: LifeParts) {
    this.userId = record.userId;
    this.serverId = record.id;
    this.name = record.name;
    this.#parts = parts;
    this.#log = parts.log.child({ user: this.userId, server: this.serverId });
    const { lastFailure } = record;
    this.#state = { is: "stopped", ...(lastFailure === undefined ? {} : { lastFailure }) };
  }

  get state(): LifeState {
    return this.#state;
  }

  /** How the stop under way ends: with nothing, or with why it could not be done. */
  get stopEnded(): Promise<HubError | undefined> | undefined {
    return this.#state.is === "stopping" ? this.#stop?.ended : undefined;
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
    this.#start?.abort.abort(superseded);
    this.#stop?.abort.abort(superseded);
    await Promise.all([this.#start?.ended, this.#stop?.ended]);
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
    if (state.is === "stopping" && before.is !== "stopping") {
      const abort = new AbortController();
      this.#stop = { abort, ended: this.#runStop(state, abort.signal) };
    }
  }

  #died(generation: number, exit: Exit): void {
    const state = this.#state;
    if (state.is === "starting" && state.generation === generation) {
      const { memoryBytes } = this.#parts.specs.detailsOf(this.userId);
      this.#start?.abort.abort(failureOfEarlyExit(exit, memoryBytes));
      return;
    }
    this.apply({ event: "died", generation, exit, when: this.now });
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
      void this.#startFailed(new HubError("docker_unreachable", { detail }), state.generation);
    } else if (state.is === "starting") {
      const { port } = this.#parts.specs.detailsOf(this.userId);
      this.#start?.abort.abort(failureOfDelay(state.now, seconds, port));
    } else if (state.is === "stopping") {
      const detail = `the notebook did not end within ${seconds} seconds`;
      this.#stop?.abort.abort(new HubError("spawner_failed", { detail }));
    }
  }

  /** Called by the queue when it is this server's turn; ends when its place is free again. */
  async #begin(): Promise<boolean> {
    if (!this.apply({ event: "place_free", when: this.now }) || this.#state.is !== "starting") {
      return false;
    }
    const abort = new AbortController();
    const ended = this.#runStart(this.#state, abort.signal);
    const start = { abort, ended };
    this.#start = start;
    const cameUp = await ended;
    if (this.#start === start) this.#start = undefined;
    return cameUp;
  }

  /** Never fails: what goes wrong becomes the state. */
  async #runStart({ generation, attempt }: Starting, signal: AbortSignal): Promise<boolean> {
    try {
      const upstream = await this.#walk(generation, signal);
      const { now } = this;
      this.apply({ event: "answered", upstream, when: now });
      await this.#write(() => this.#parts.records.cameUp(this, generation, now.at));
      return true;
    } catch (error) {
      if (signal.reason === superseded) return false;
      const isRetried = attempt === 1 && (await this.#retry(error, generation, signal));
      if (!isRetried && signal.reason !== superseded) await this.#startFailed(error, generation);
      return false;
    }
  }

  async #walk(generation: number, signal: AbortSignal): Promise<Upstream> {
    const { engine, specs } = this.#parts;
    for await (const step of engine.start(specs.of(this, generation), signal)) {
      this.apply({ event: "step_done", step: step.step, when: this.now });
      if (step.step === "answering") return step.upstream;
    }
    throw new HubError("spawner_failed", { detail: "the start ended without an answer" });
  }

  /** Tries a start once more that failed for a reason that may pass, as a new generation. */
  async #retry(error: unknown, generation: number, signal: AbortSignal): Promise<boolean> {
    const { records, timers } = this.#parts;
    const failure = failureOf(error);
    if (!mayPass(failure)) return false;
    this.#log.info({ generation, failure, ...causeOf(error) }, "start failed; trying once more");
    await pause(timers, RETRY_AFTER_MS, signal);
    if (signal.reason === superseded) return true;
    const next = await this.#write(() => records.nextAttempt(this, generation));
    return next !== undefined && this.apply({ event: "retried", next, when: this.now });
  }

  async #startFailed(error: unknown, generation: number): Promise<void> {
    const failure = failureOf(error);
    this.#log.warn({ generation, failure, ...causeOf(error) }, "start failed");
    const log = this.#state.is === "starting" ? await this.#logTail(failure) : [];
    const lastFailure: LastFailure = { ...failure, at: this.now.at, log };
    if (!this.apply({ event: "start_failed", failure: lastFailure, when: this.now })) return;
    await this.#write(() => this.#parts.records.ended(this, generation, lastFailure));
  }

  /** Never fails: what goes wrong becomes the state, and the answer. */
  async #runStop(state: Stopping, signal: AbortSignal): Promise<HubError | undefined> {
    this.#start?.abort.abort(superseded);
    await this.#start?.ended;
    const { ending } = state;
    const explained = ending.why === "died" ? await this.#explain(state, ending.exit) : {};
    try {
      await this.#parts.engine.stop(this.serverId, signal);
    } catch (error) {
      return error === superseded ? undefined : this.#stopFailed(state, error, explained);
    }
    this.apply({ event: "stop_ended", ...explained, when: this.now });
    return undefined;
  }

  async #stopFailed(
    { ending, generation }: Stopping,
    error: unknown,
    explained: { readonly lastFailure?: LastFailure },
  ): Promise<HubError | undefined> {
    const failure = failureOf(error);
    this.#log.warn({ generation, failure, ...causeOf(error) }, "stop failed");
    if (ending.why !== "asked") {
      this.apply({ event: "stop_failed", ...explained, when: this.now });
      this.#sweepLater();
      return undefined;
    }
    if (await this.#hasEnded()) {
      this.apply({ event: "stop_ended", mayHaveLeftover: true, when: this.now });
      this.#sweepLater();
      return undefined;
    }
    this.apply({ event: "stop_failed", when: this.now });
    if (this.#state === ending.was) {
      const { started } = ending.was;
      await this.#write(() => this.#parts.records.stillRuns(this, generation, started));
    }
    return HubError.from(failure, { cause: error });
  }

  /** Whether the engine says that nothing of it runs any more. */
  async #hasEnded(): Promise<boolean> {
    try {
      const found = await this.#parts.engine.inspect(this.serverId);
      return found === undefined || found.state === "exited";
    } catch {
      return false;
    }
  }

  /** Puts on record why a server ended by itself. */
  async #explain(
    { generation }: Stopping,
    exit: Exit | undefined,
  ): Promise<{ readonly lastFailure?: LastFailure }> {
    const failure = failureOfExit(exit, this.#parts.specs.detailsOf(this.userId).memoryBytes);
    this.#log.info({ generation, exit, failure }, "server ended by itself");
    const lastFailure =
      failure === undefined
        ? undefined
        : { ...failure, at: this.now.at, log: await this.#logTail(failure) };
    // A hub that closes meanwhile has no log; the next one finds the container and reads it.
    if (this.#isClosed) return {};
    await this.#write(() => this.#parts.records.ended(this, generation, lastFailure));
    return lastFailure === undefined ? {} : { lastFailure };
  }

  #sweepLater(): void {
    const ms = SWEEPS_AFTER_MS[this.#sweeps];
    if (ms === undefined || this.#isClosed || this.#state.is !== "stopped") return;
    this.#sweeps += 1;
    const generation = this.#parts.records.get(this)?.generation ?? 0;
    this.#cancelSweep = this.#parts.timers.after(ms, () => {
      this.apply({ event: "found_leftover", generation, when: this.now });
    });
  }

  async #logTail(failure: FailureData): Promise<readonly string[]> {
    if (failure.code === "docker_unreachable" || failure.code === "removed_outside") return [];
    try {
      return await this.#parts.engine.logs(this.serverId, LOG_TAIL_LINES);
    } catch (error) {
      this.#log.debug({ err: error }, "the log of a server could not be read");
      return [];
    }
  }

  /** What is done is done, whether it can be written down or not: the next hub finds out from the engine. */
  async #write<Result>(change: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await change();
    } catch (error) {
      this.#log.error({ err: error }, "the state of a server could not be written");
      return undefined;
    }
  }
}

/** Errors that are not from the table are logged whole. */
function causeOf(error: unknown): { err?: unknown } {
  if (!(error instanceof HubError)) return { err: error };
  return error.cause === undefined ? {} : { err: error.cause };
}

function isSame(a: Upstream, b: Upstream): boolean {
  return a.host === b.host && a.port === b.port;
}
