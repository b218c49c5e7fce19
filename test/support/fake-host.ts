/** A process for commands that a test can look into. */
import { Readable } from "node:stream";
import type { Host } from "#src/commands/host.ts";

export class FakeHost implements Host {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly #input: string;
  readonly #bytes: Buffer;
  stdout = "";
  stderr = "";

  constructor(
    argv: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>;
      readonly input?: string | Buffer;
    } = {},
  ) {
    this.argv = argv;
    this.env = options.env ?? {};
    this.#bytes = Buffer.from(options.input ?? "");
    this.#input = this.#bytes.toString();
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

  openInput(): Readable {
    return Readable.from([this.#bytes]);
  }

  readLine(): Promise<string> {
    return Promise.resolve(this.#input.split("\n", 1)[0] ?? "");
  }

  stopRequested(): AbortSignal {
    return new AbortController().signal;
  }

  onBug(): void {}
}
