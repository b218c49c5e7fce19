/**
 * A file of real blocks beside the database, given back to a full disk so that people can still sign in: the only
 * room on a box that the work of students cannot take.
 *
 * It is emptied and not removed: an empty one tells later starts that it was used.
 */
import { randomFillSync } from "node:crypto";
import { open, rename, rm, stat, statfs, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import type { FailureData } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { FILE_MODE, undefinedIfMissing } from "./files.ts";

const BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Free beside it when it is made: a reserve is not what fills the disk. */
const FREE_BYTES = 64 * 1024 * 1024;
const LOOK_AGAIN_MS = 60_000;
const BLOCK_BYTES = 512;

interface ReserveOptions {
  readonly log: Logger;
  /** Calls `callback` later; the answer takes that back. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

export class Reserve {
  readonly #path: string;
  readonly #log: Logger;
  readonly #later: ReserveOptions["later"];
  #isUsed = false;
  #making: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(path: string, { log, later }: ReserveOptions) {
    this.#path = path;
    this.#log = log;
    this.#later = later;
  }

  /** It was given back, and there has not been room for a new one since. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  get trouble(): FailureData | undefined {
    const bytes = FREE_BYTES + BYTES;
    return this.#isUsed
      ? { code: "disk_reserve_used", params: { megabytes: bytes / 1024 / 1024 } }
      : undefined;
  }

  /** Gives its room back; `false` when there is none to give. */
  async use(): Promise<boolean> {
    await this.#making;
    try {
      const size = await this.#size();
      if (size === undefined || size === 0) return false;
      await truncate(this.#path);
    } catch (error) {
      this.#log.warn(
        { err: error, path: this.#path },
        "the reserve of the disk was not given back",
      );
      return false;
    }
    this.#isUsed = true;
    this.#log.warn({ path: this.#path }, "the disk is full: its reserve is used");
    this.#lookLater();
    return true;
  }

  /** Makes it if it is not there and there is ample room. Never fails. */
  refill(): Promise<void> {
    this.#making ??= this.#refill().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#making;
  }

  async #refill(): Promise<void> {
    if (this.#isClosed) return;
    try {
      // Of a start that was killed.
      await rm(`${this.#path}.new`, { force: true });
      const size = await this.#size();
      if (size === BYTES) {
        this.#isUsed = false;
      } else {
        this.#isUsed ||= size === 0;
        await this.#makeIfThereIsRoom();
      }
    } catch (error) {
      await rm(`${this.#path}.new`, { force: true }).catch(() => undefined);
      this.#log.warn({ err: error, path: this.#path }, "the reserve of the disk was not made");
    }
    if (this.#isUsed) {
      this.#lookLater();
    } else {
      this.#stopTimer();
    }
  }

  async #makeIfThereIsRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(dirname(this.#path));
    if (bavail * bsize < BYTES + FREE_BYTES) return;
    const unfinished = `${this.#path}.new`;
    {
      await using file = await open(unfinished, "w", FILE_MODE);
      // One for all: 8 MB at the start would be held by the process from then on.
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let at = 0; at < BYTES && !this.#isClosed; at += CHUNK_BYTES) {
        // Some file systems keep nothing of zeros.
        await file.write(randomFillSync(chunk), 0, CHUNK_BYTES, at);
      }
      await file.sync();
    }
    if (this.#isClosed) {
      await rm(unfinished, { force: true });
      return;
    }
    await rename(unfinished, this.#path);
    if (this.#isUsed) this.#log.info({ path: this.#path }, "the disk has room and a reserve again");
    this.#isUsed = false;
  }

  /** `undefined` when there is none; one that takes no room is none. */
  async #size(): Promise<number | undefined> {
    const found = await stat(this.#path).catch(undefinedIfMissing);
    if (found === undefined || found.size === 0) return found?.size;
    return found.size === BYTES && found.blocks * BLOCK_BYTES >= BYTES ? BYTES : undefined;
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#cancelTimer ??= this.#later(LOOK_AGAIN_MS, () => {
      this.#cancelTimer = undefined;
      void this.refill();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
