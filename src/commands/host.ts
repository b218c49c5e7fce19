/** What the commands have of the process they run in; main.ts gives the real one. */
import type { Readable } from "node:stream";

export interface Host {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard output: what was asked for, and nothing else. */
  readonly out: (text: string) => void;
  /** Standard error: everything that is said to people beside it. */
  readonly err: (text: string) => void;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** Standard input as it comes. */
  openInput(): Readable;
  /** One line of standard input, without its end; empty when there is none. */
  readLine(): Promise<string>;
  /** Aborted when the process is asked to end; from then on it is up to the caller to end in time. */
  stopRequested(): AbortSignal;
  /** `report` hears of an error that nobody caught, then the process ends with code 1. */
  onBug(report: (error: unknown) => void): void;
}

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
