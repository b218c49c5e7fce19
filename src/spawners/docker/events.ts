/**
 * What happens to our containers, as told by the engine's event stream. A stream that dies without a word is found
 * out because a new one is opened every so often, which asks for what happened since the last.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { HubError, type FailureData } from "#src/errors.ts";
import type { InstanceId } from "#src/stores/records.ts";
import type { Engine, EventStream } from "./engine.ts";
import { LABEL, type Labels, readServerLabels, type ServerLabels } from "./names.ts";

const ACTIONS = ["die", "oom", "pause", "unpause"] as const;
type ContainerAction = (typeof ACTIONS)[number];

export interface ContainerEvent {
  readonly action: ContainerAction;
  readonly containerId: string;
  readonly server: ServerLabels;
  readonly exitCode: number;
  /** Tells one event from another, also when two streams bring it. */
  readonly key: string;
}

type EngineNotice =
  | ContainerEvent
  | { readonly action: "engine_lost"; readonly failure: FailureData }
  | { readonly action: "engine_back" };

function isAction(text: unknown): text is ContainerAction {
  return ACTIONS.some((action) => action === text);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** One line of the stream; `undefined` for what is cut short, or is not about a server of ours. */
export function parseEvent(line: string): ContainerEvent | undefined {
  let event: Readonly<Record<string, unknown>>;
  try {
    event = record(JSON.parse(line));
  } catch {
    return undefined;
  }
  const actor = record(event["Actor"]);
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(record(actor["Attributes"]))) {
    if (typeof value === "string") attributes[name] = value;
  }
  const action = event["Action"];
  const containerId = actor["ID"];
  const server = readServerLabels(attributes);
  if (!isAction(action) || typeof containerId !== "string" || server === undefined)
    return undefined;
  const exitCode = Number(attributes["exitCode"] ?? 0);
  const key = `${String(event["timeNano"])} ${action} ${containerId}`;
  return { action, containerId, server, exitCode, key };
}

const LONGEST_LINE = 1024 * 1024;

/** Cuts a stream into events; what cannot be read is skipped up to the next line. */
export class EventReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  push(chunk: Uint8Array): ContainerEvent[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LONGEST_LINE) this.#rest = "";
    return lines.map(parseEvent).filter((event) => event !== undefined);
  }
}

/** Remembers the latest keys, so that an event that comes twice counts once. */
class Seen {
  readonly #keys = new Set<string>();

  isNew(key: string): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    // More than the engine's own memory of past events, which is 256.
    if (this.#keys.size > 1024) {
      const [oldest] = this.#keys;
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    return true;
  }
}

export interface WatchTimes {
  /** A stream is replaced after so long. */
  readonly renewMs: number;
  /** The one before stays open for so long, so that nothing falls between the two. */
  readonly overlapMs: number;
  /** First and longest pause between two tries to reach the engine. */
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
}

const TIMES: WatchTimes = {
  renewMs: 15_000,
  overlapMs: 1000,
  firstRetryMs: 100,
  lastRetryMs: 2000,
};

/** Opens and renews streams and puts all they bring into one queue. */
class Watcher {
  readonly #engine: Engine;
  readonly #labels: Labels;
  readonly #times: WatchTimes;
  readonly #signal: AbortSignal;
  readonly #seen = new Seen();
  readonly #queue: EngineNotice[] = [];
  #wake: () => void = () => {};

  constructor(engine: Engine, labels: Labels, times: WatchTimes, signal: AbortSignal) {
    this.#engine = engine;
    this.#labels = labels;
    this.#times = times;
    this.#signal = signal;
  }

  async *notices(): AsyncGenerator<EngineNotice> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#signal, over.signal]);
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    const running = this.#run(signal);
    try {
      while (!signal.aborted) {
        const next = this.#queue.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      over.abort();
      await running;
    }
  }

  #push(notice: EngineNotice): void {
    this.#queue.push(notice);
    this.#wake();
  }

  /** Never rejects: what fails is a notice. */
  async #run(signal: AbortSignal): Promise<void> {
    let isLost = false;
    let retryMs = this.#times.firstRetryMs;
    while (!signal.aborted) {
      try {
        const first = await this.#open(undefined, signal);
        isLost = false;
        retryMs = this.#times.firstRetryMs;
        this.#push({ action: "engine_back" });
        await this.#keepOpen(first, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!isLost) this.#push({ action: "engine_lost", failure: failureOf(error) });
        isLost = true;
        await sleep(retryMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
        retryMs = Math.min(retryMs * 2, this.#times.lastRetryMs);
      }
    }
  }

  async #open(since: number | undefined, signal: AbortSignal): Promise<EventStream> {
    return this.#engine.events(this.#labels, ACTIONS, since, signal);
  }

  /** Reads a stream and its successors; throws when one ends by itself or cannot be replaced. */
  async #keepOpen(first: EventStream, signal: AbortSignal): Promise<void> {
    let current = first;
    const stop = () => current.stream.destroy();
    signal.addEventListener("abort", stop, { once: true });
    try {
      let reading = this.#read(current);
      for (;;) {
        const ended = await within(reading, this.#times.renewMs);
        if (ended !== undefined) throw new HubError("docker_unreachable", { detail: ended });
        const next = await this.#open(current.engineTime, signal);
        const old = current.stream;
        setTimeout(() => old.destroy(), this.#times.overlapMs).unref();
        current = next;
        reading = this.#read(next);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  /** Resolves to why it ended. */
  async #read({ stream }: EventStream): Promise<string> {
    const reader = new EventReader();
    try {
      for await (const chunk of stream) {
        if (!(chunk instanceof Uint8Array)) continue;
        for (const event of reader.push(chunk)) {
          if (this.#seen.isNew(event.key)) this.#push(event);
        }
      }
    } catch {
      return "the stream of events broke";
    }
    return "the stream of events ended";
  }
}

/** What it resolves to, or `undefined` when the time was over first. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(error: unknown): FailureData {
  if (error instanceof HubError) return error.toData();
  return { code: "docker_unreachable", params: { detail: String(error) } };
}

/**
 * Everything about the servers of an instance, and loss and return of the engine. `engine_back` is also the first
 * notice once watching has begun. Ends only with its signal.
 */
export function watchContainers(
  engine: Engine,
  instanceId: InstanceId,
  signal: AbortSignal,
  times: WatchTimes = TIMES,
): AsyncGenerator<EngineNotice> {
  const labels = { [LABEL.instance]: instanceId, [LABEL.kind]: "server" };
  return new Watcher(engine, labels, times, signal).notices();
}
