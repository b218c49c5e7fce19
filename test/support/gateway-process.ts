/** A gateway in a process of its own, so that a crash is an exit code and descriptors can be counted. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Route } from "#src/entrypoint/routing-table.ts";

export type Order =
  | {
      readonly order: "run";
      readonly name: string;
      readonly port: number;
      readonly kind?: Route["kind"];
    }
  | { readonly order: "stop" | "sign out"; readonly name: string }
  | { readonly order: "count" | "end" };

export interface Counts {
  readonly descriptors: number;
  readonly memoryBytes: number;
  readonly touches: number;
  readonly unreachable: number;
  readonly hubRequests: number;
}

interface Started {
  readonly port: number;
  readonly cookies: { readonly alice: string; readonly bob: string };
}

export type Reply = Started | Counts | Record<string, never>;

export class GatewayProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #cookies: Started["cookies"];

  private constructor(child: ChildProcess, started: Started) {
    this.#child = child;
    this.port = started.port;
    this.#cookies = started.cookies;
  }

  /** With `descriptors`, so many may be open at once. */
  static async start({
    basePath = "/",
    descriptors = 1024,
  }: { basePath?: string; descriptors?: number } = {}): Promise<GatewayProcess> {
    const module = fileURLToPath(new URL("gateway-child.ts", import.meta.url));
    const limited = `ulimit -n ${descriptors} && exec "$0" "$@"`;
    const child = spawn("sh", ["-c", limited, process.execPath, module, basePath], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const started = (await answerOf(child)) as Started; // Our own child's first message.
    return new GatewayProcess(child, started);
  }

  /** `Cookie` header of somebody who is signed in, with the `_xsrf` cookie that Jupyter would have set. */
  cookie(name: "alice" | "bob"): string {
    return `jupyterhub-session-id=${this.#cookies[name]}; _xsrf=${XSRF}`;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async run(name: string, port: number, kind?: Route["kind"]): Promise<void> {
    await this.#ask({ order: "run", name, port, ...(kind === undefined ? {} : { kind }) });
  }

  async stop(name: string): Promise<void> {
    await this.#ask({ order: "stop", name });
  }

  async signOut(name: string): Promise<void> {
    await this.#ask({ order: "sign out", name });
  }

  async counts(): Promise<Counts> {
    return (await this.#ask({ order: "count" })) as Counts; // The answer to this order.
  }

  /** Waits until no more descriptors are open than `most`. */
  async settlesAt(most: number, withinMs = 30_000): Promise<number> {
    const until = performance.now() + withinMs;
    for (;;) {
      const { descriptors } = await this.counts();
      if (descriptors <= most || performance.now() > until) return descriptors;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isAlive) return;
    const exit = once(this.#child, "exit");
    this.#child.send({ order: "end" } satisfies Order);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await exit;
    clearTimeout(timer);
  }

  async #ask(order: Order): Promise<Reply> {
    const answer = answerOf(this.#child);
    this.#child.send(order);
    return await answer;
  }
}

export const XSRF = "2|a1b2c3d4|0123456789abcdef|1795000000";

async function answerOf(child: ChildProcess): Promise<Reply> {
  const gone = new AbortController();
  const exit = once(child, "exit", { signal: gone.signal }).then(
    () => Promise.reject(new Error("the gateway's process ended")),
    () => new Promise<never>(() => undefined),
  );
  try {
    const [reply] = (await Promise.race([once(child, "message"), exit])) as [Reply]; // `once` does not know the event's type.
    return reply;
  } finally {
    gone.abort();
  }
}
