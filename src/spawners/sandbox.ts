/** A place apart for reading what may be anything: nothing in the hub opens a file that it was sent. */
import type { Readable } from "node:stream";
import { HubError } from "#src/errors.ts";

export interface SandboxEnd {
  readonly exitCode: number;
  readonly output: string;
  /** The beginning of what was written to standard error. */
  readonly errors: string;
}

export interface Sandbox {
  /**
   * Runs a Python program that gets `input` on its standard input: without network, without anybody's files, with
   * little memory, and with files in memory alone. 127: there is no Python; 137: it took too much memory.
   * Throws when `signal` ends it, and `spawner_failed` when it prints without end.
   */
  python(program: string, input: Readable, signal: AbortSignal): Promise<SandboxEnd>;
}

/** Of a spawner that has no such place. */
export const noSandbox: Sandbox = {
  python: () => Promise.reject(new HubError("import_no_python")),
};
