/** The work of one server in the engine: at any time one start or one stop. */
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Upstream } from "#src/spawners/spawner.ts";
import type { LastFailure } from "#src/stores/records.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import { failureOf, failureOfExit, mayPass } from "./server-failures.ts";
import type { ServerKey, ServerRecords } from "./server-records.ts";
import type { ServerSpecs } from "./server-specs.ts";
import type { Exit, LifeEvent, LifeState, Moment, Starting, Stopping } from "./server-state.ts";
import { type Timers, pause } from "#src/timers.ts";

const LOG_TAIL_LINES = 100;
const RETRY_AFTER_MS = 1_000;

/** The reason with which work is ended that nobody waits for any more. */
const superseded = new Error("superseded");

export interface RunsParts {
  readonly engine: BoundedEngine;
  readonly records: ServerRecords;
  readonly specs: ServerSpecs;
  readonly timers: Timers;
}

/** The server whose work it is. */
interface Subject extends ServerKey {
  readonly state: LifeState;
  readonly now: Moment;
  readonly log: Logger;
  apply(event: LifeEvent): boolean;
  /** Something of it is left in the engine. */
  sweepLater(): void;
}

export class ServerRuns {
  readonly #server: Subject;
  readonly #parts: RunsParts;
  #start: { readonly abort: AbortController; readonly ended: Promise<unknown> } | undefined;
  #stop:
    { readonly abort: AbortController; readonly ended: Promise<HubError | undefined> } | undefined;
  #isClosed = false;

  constructor(server: Subject, parts: RunsParts) {
    this.#server = server;
    this.#parts = parts;
  }

  /** How the latest stop ends: with nothing, or with why it could not be done. */
  get stopEnded(): Promise<HubError | undefined> | undefined {
    return this.#stop?.ended;
  }

  /** Makes the server. Never fails: what goes wrong becomes its state. The answer: whether it came up. */
  async start(state: Starting): Promise<boolean> {
    const abort = new AbortController();
    const ended = this.#runStart(state, abort.signal);
    const start = { abort, ended };
    this.#start = start;
    const cameUp = await ended;
    if (this.#start === start) this.#start = undefined;
    return cameUp;
  }

  /** Ends and removes the server, after the start under way. Never fails. */
  stop(state: Stopping): void {
    const abort = new AbortController();
    this.#stop = { abort, ended: this.#runStop(state, abort.signal) };
  }

  /** The start under way has failed, for a reason that others know first. */
  failStart(failure: HubError): void {
    this.#start?.abort.abort(failure);
  }

  failStop(failure: HubError): void {
    this.#stop?.abort.abort(failure);
  }

  /** A start has failed, under way or still in the line. */
  async startFailed(error: unknown, generation: number): Promise<void> {
    const { log, state } = this.#server;
    const failure = failureOf(error);
    log.warn({ generation, failure, ...causeOf(error) }, "start failed");
    const lines = state.is === "starting" ? await this.#logTail(failure) : [];
    const when = this.#server.now;
    const lastFailure: LastFailure = { ...failure, at: when.at, log: lines };
    if (!this.#server.apply({ event: "start_failed", failure: lastFailure, when })) return;
    await this.#write(() => this.#parts.records.ended(this.#server, generation, lastFailure));
  }

  /** Leaves the engine as it is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#start?.abort.abort(superseded);
    this.#stop?.abort.abort(superseded);
    await Promise.all([this.#start?.ended, this.#stop?.ended]);
  }

  async #runStart({ generation, attempt }: Starting, signal: AbortSignal): Promise<boolean> {
    try {
      const upstream = await this.#walk(generation, signal);
      const when = this.#server.now;
      if (this.#server.apply({ event: "answered", upstream, when })) {
        await this.#write(() => this.#parts.records.cameUp(this.#server, generation, when.at));
      }
      return true;
    } catch (error) {
      if (signal.reason === superseded) return false;
      const isRetried = attempt === 1 && (await this.#retry(error, generation, signal));
      if (!isRetried && signal.reason !== superseded) await this.startFailed(error, generation);
      return false;
    }
  }

  async #walk(generation: number, signal: AbortSignal): Promise<Upstream> {
    const { engine, specs } = this.#parts;
    for await (const step of engine.start(specs.of(this.#server, generation), signal)) {
      this.#server.apply({ event: "step_done", step: step.step, when: this.#server.now });
      if (step.step === "answering") return step.upstream;
    }
    throw new HubError("spawner_failed", { detail: "the start ended without an answer" });
  }

  /** Tries a start once more that failed for a reason that may pass, as a new generation. */
  async #retry(error: unknown, generation: number, signal: AbortSignal): Promise<boolean> {
    const { records, timers } = this.#parts;
    const server = this.#server;
    const failure = failureOf(error);
    if (!mayPass(failure)) return false;
    server.log.info({ generation, failure, ...causeOf(error) }, "start failed; trying once more");
    await pause(timers, RETRY_AFTER_MS, signal);
    if (signal.reason === superseded) return true;
    const next = await this.#write(() => records.nextAttempt(server, generation));
    return next !== undefined && server.apply({ event: "retried", next, when: server.now });
  }

  async #runStop(state: Stopping, signal: AbortSignal): Promise<HubError | undefined> {
    this.#start?.abort.abort(superseded);
    await this.#start?.ended;
    const { ending } = state;
    const explained = ending.why === "died" ? await this.#explain(state, ending.exit) : {};
    try {
      await this.#parts.engine.stop(this.#server.serverId, signal);
    } catch (error) {
      return error === superseded ? undefined : this.#stopFailed(state, error, explained);
    }
    this.#server.apply({ event: "stop_ended", ...explained, when: this.#server.now });
    return undefined;
  }

  async #stopFailed(
    { ending, generation }: Stopping,
    error: unknown,
    explained: { readonly lastFailure?: LastFailure },
  ): Promise<HubError | undefined> {
    const server = this.#server;
    const failure = failureOf(error);
    server.log.warn({ generation, failure, ...causeOf(error) }, "stop failed");
    if (ending.why !== "asked") {
      server.apply({ event: "stop_failed", ...explained, when: server.now });
      server.sweepLater();
      return undefined;
    }
    if (await this.#hasEnded()) {
      server.apply({ event: "stop_ended", mayHaveLeftover: true, when: server.now });
      server.sweepLater();
      return undefined;
    }
    server.apply({ event: "stop_failed", when: server.now });
    if (server.state === ending.was) {
      const { started } = ending.was;
      await this.#write(() => this.#parts.records.stillRuns(server, generation, started));
    }
    return HubError.from(failure, { cause: error });
  }

  /** Whether the engine says that nothing of it runs any more. */
  async #hasEnded(): Promise<boolean> {
    try {
      const found = await this.#parts.engine.inspect(this.#server.serverId);
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
    const server = this.#server;
    const { records, specs } = this.#parts;
    const failure = failureOfExit(exit, specs.detailsOf(server).memoryBytes);
    server.log.info({ generation, exit, failure }, "server ended by itself");
    const lastFailure =
      failure === undefined
        ? undefined
        : { ...failure, at: server.now.at, log: await this.#logTail(failure) };
    // A hub that closes meanwhile has no log; the next one finds the container and reads it.
    if (this.#isClosed) return {};
    await this.#write(() => records.ended(server, generation, lastFailure));
    return lastFailure === undefined ? {} : { lastFailure };
  }

  async #logTail(failure: FailureData): Promise<readonly string[]> {
    if (failure.code === "docker_unreachable" || failure.code === "removed_outside") return [];
    try {
      return await this.#parts.engine.logs(this.#server.serverId, LOG_TAIL_LINES);
    } catch (error) {
      this.#server.log.debug({ err: error }, "the log of a server could not be read");
      return [];
    }
  }

  /** What is done is done, whether it can be written down or not: the next hub finds out from the engine. */
  async #write<Result>(change: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await change();
    } catch (error) {
      this.#server.log.error({ err: error }, "the state of a server could not be written");
      return undefined;
    }
  }
}

/** Errors that are not from the table are logged whole. */
function causeOf(error: unknown): { err?: unknown } {
  if (!(error instanceof HubError)) return { err: error };
  return error.cause === undefined ? {} : { err: error.cause };
}
