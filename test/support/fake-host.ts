/** A process for commands that a test can look into. */
import type { Host } from "#src/commands/host.ts";

export class FakeHost implements Host {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly #input: string;
  stdout = "";
  stderr = "";

  constructor(
    argv: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
  ) {
    this.argv = argv;
    this.env = options.env ?? {};
    this.#input = options.input ?? "";
  }

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  readInput(): Promise<string> {
    return Promise.resolve(this.#input);
  }

  readLine(): Promise<string> {
    return Promise.resolve(this.#input.split("\n", 1)[0] ?? "");
  }

  stopRequested(): AbortSignal {
    return new AbortController().signal;
  }

  onBug(): void {}
}
