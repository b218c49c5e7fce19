/** What each server does, for those who ask and for those who follow: one stream for each open page. */
import type { Logger } from "#src/log.ts";
import type { ServerId, UserId } from "#src/stores/records.ts";
import type { Lives } from "./lives.ts";
import type { ServerLife } from "./server-life.ts";
import type { ServerStatus } from "./server-status.ts";
import type { StartQueue } from "./start-queue.ts";
import { statusOf } from "./status-of.ts";
import type { Timers } from "#src/timers.ts";

export type StatusListener = (userId: UserId, serverName: string, status: ServerStatus) => void;

interface StatusBoardParts {
  readonly lives: Lives;
  readonly queue: Pick<StartQueue<ServerId>, "place" | "waiting">;
  readonly timers: Timers;
  readonly log: Logger;
}

export class StatusBoard {
  readonly #parts: StatusBoardParts;
  readonly #listeners = new Set<StatusListener>();
  readonly #closing = new AbortController();
  /** Places in the line as they were told last. */
  readonly #toldPlaces = new Map<ServerId, number>();

  constructor(parts: StatusBoardParts) {
    this.#parts = parts;
  }

  status(userId: UserId, serverName: string): ServerStatus {
    const life = this.#parts.lives.find(userId, serverName);
    return life === undefined ? { is: "stopped" } : this.#statusOf(life, false);
  }

  onChange(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells everyone what this server does now. */
  tell(life: ServerLife): void {
    const status = this.#statusOf(life, true);
    if (status.is === "queued") this.#toldPlaces.set(life.serverId, status.place);
    else this.#toldPlaces.delete(life.serverId);
    this.#tellAll(life.userId, life.name, status);
  }

  /** There is no such server any more. */
  forget(userId: UserId, serverName: string): void {
    this.#tellAll(userId, serverName, { is: "stopped" });
  }

  /** The line has moved: tells those whose place is another one now. */
  tellPlaces(): void {
    for (const [index, serverId] of this.#parts.queue.waiting.entries()) {
      const told = this.#toldPlaces.get(serverId);
      const life = this.#parts.lives.get(serverId);
      if (told !== undefined && told !== index + 1 && life !== undefined) this.tell(life);
    }
  }

  /** Changes within one kind of state that nobody has taken yet give way to the next. */
  async *watch(
    userId: UserId,
    serverName: string,
    signal: AbortSignal,
  ): AsyncGenerator<ServerStatus, void, undefined> {
    const until = AbortSignal.any([signal, this.#closing.signal]);
    const untaken: ServerStatus[] = [];
    let wake: () => void = () => {};
    const stop = this.onChange((whose, name, status) => {
      if (whose !== userId || name !== serverName) return;
      if (untaken.at(-1)?.is === status.is) untaken.pop();
      untaken.push(status);
      wake();
    });
    const onAbort = (): void => wake();
    until.addEventListener("abort", onAbort);
    try {
      untaken.push(this.status(userId, serverName));
      while (!until.aborted) {
        const next = untaken.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield next;
      }
    } finally {
      stop();
      until.removeEventListener("abort", onAbort);
    }
  }

  /** The status when it neither waits nor starts nor stops any more, or when the time is up. */
  async settled(userId: UserId, serverName: string, timeoutMs: number): Promise<ServerStatus> {
    const late = new AbortController();
    const cancel = this.#parts.timers.after(timeoutMs, () => late.abort());
    let last = this.status(userId, serverName);
    try {
      for await (const status of this.watch(userId, serverName, late.signal)) {
        last = status;
        if (!isUnderWay(status)) break;
      }
    } finally {
      cancel();
    }
    return last;
  }

  close(): void {
    this.#closing.abort();
  }

  #tellAll(userId: UserId, serverName: string, status: ServerStatus): void {
    for (const listener of this.#listeners) {
      try {
        listener(userId, serverName, status);
      } catch (error) {
        this.#parts.log.error({ err: error }, "a listener of server changes failed");
      }
    }
  }

  #statusOf(life: ServerLife, toWatchers: boolean): ServerStatus {
    return statusOf(life.state, this.#parts.queue.place(life.serverId), toWatchers);
  }
}

function isUnderWay(status: ServerStatus): boolean {
  return status.is === "queued" || status.is === "starting" || status.is === "stopping";
}
