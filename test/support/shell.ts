/** Runs the `homeroom` script, or functions of its parts, with programs of the test's own in front on PATH. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** A folder with programs that stand in for real ones. */
export class ShellBench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "homeroom-shell-"));
  readonly #programs = join(this.folder, "bin");

  constructor() {
    mkdirSync(this.#programs);
  }

  /** A program with this name: a shell script. */
  program(name: string, script: string): void {
    const file = join(this.#programs, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** `./homeroom <args>`; `script` when it is reached by another path. */
  homeroom(
    args: readonly string[],
    options: RunOptions & { readonly script?: string } = {},
  ): Outcome {
    return this.#run(options.script ?? join(projectRoot, "homeroom"), args, options);
  }

  /** Shell code that finds all parts of the script loaded, for a project in `folder`. */
  parts(code: string, options: RunOptions = {}): Outcome {
    const load = ["steps", "settings", "docker", "bases", "doctor", "import"]
      .map((part) => `. "${projectRoot}images/${part}.sh"`)
      .join("\n");
    const prelude = `set -eu\nhere=${this.folder}\nscratch=${this.folder}\ncommand=up\n${load}\n`;
    return this.#run("sh", ["-c", prelude + code], options);
  }

  #run(program: string, args: readonly string[], options: RunOptions): Outcome {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: options.cwd ?? "/",
      input: options.input ?? "",
      encoding: "utf8",
      env: {
        PATH: `${this.#programs}:${process.env["PATH"] ?? ""}`,
        HOME: this.folder,
        ...options.env,
      },
    });
    return { code: status, out: stdout, err: stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
