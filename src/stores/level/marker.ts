/**
 * The file `initialised` beside the database: whoever finds it and no database, or one with fewer changes,
 * has found damage and not a new box.
 *
 * LevelDB drops what it cannot read at the end of its log; the rows before it still add up. The count in
 * this file shows the loss. It is written in place after each change, without waiting for the disk: after
 * a power cut it may be behind the database, never ahead of it.
 */
import { hash } from "node:crypto";
import { open, readFile, type FileHandle } from "node:fs/promises";
import type { Logger } from "#src/log.ts";
import { replaceFile, undefinedIfMissing } from "#src/stores/files.ts";

const PATTERN = /^The database was set up\. Changes: (\d{15}) \(([0-9a-f]{8})\)\n$/;

export class Marker {
  readonly #path: string;
  readonly #log: Logger;
  #file: FileHandle | undefined;
  #failed = false;
  /** Changes that the database must have at least; 0 when the file does not tell. */
  readonly changes: number;
  readonly exists: boolean;

  private constructor(path: string, log: Logger, text: string | undefined) {
    this.#path = path;
    this.#log = log;
    this.exists = text !== undefined;
    this.changes = parse(text ?? "");
  }

  static async read(path: string, log: Logger): Promise<Marker> {
    const text = await readFile(path, "latin1").catch(undefinedIfMissing);
    return new Marker(path, log, text);
  }

  /** Makes the file, or makes it anew when it cannot be read; from now on {@link note} carries it on. */
  async open(changes: number): Promise<void> {
    if (this.changes === 0) {
      await replaceFile(this.#path, format(changes));
    }
    this.#file = await open(this.#path, "r+");
    await this.note(changes);
  }

  /** Never in the way of a change that is on the disk already. */
  async note(changes: number): Promise<void> {
    try {
      await this.#file?.write(format(changes), 0, "latin1");
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) {
        this.#log.warn({ err: error, path: this.#path }, "the count of changes was not written");
      }
      this.#failed = true;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.sync().catch(() => undefined); // a weaker check at the next start, nothing else
    await file?.close();
  }
}

/** All texts have the same length: one short write in place. */
function format(changes: number): string {
  const count = String(changes).padStart(15, "0");
  return `The database was set up. Changes: ${count} (${check(count)})\n`;
}

function parse(text: string): number {
  const [, count, sum] = PATTERN.exec(text) ?? [];
  return count !== undefined && sum === check(count) ? Number(count) : 0;
}

function check(count: string): string {
  return hash("sha256", count).slice(0, 8);
}
