/** The hub as its own process, as people run it, so that it can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpClient } from "./http-client.ts";

export interface HubProcess extends AsyncDisposable {
  readonly origin: string;
  readonly child: ChildProcess;
  /** Milliseconds from the start of the process to its first healthy answer. */
  readonly startMs: number;
  output(): string;
  client(): HttpClient;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Not one of those that the kernel gives to connections and to whoever asks for any: it would be taken now and then
 * before the hub listens there, or while it is away for a moment.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    } catch {
      // Somebody listens there.
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

export interface ProcessOptions {
  readonly port: number;
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly basePath?: string;
}

export function runMain(
  args: readonly string[],
  options: {
    dataDir: string;
    env?: Readonly<Record<string, string>>;
    input?: string;
    /** A program, with its arguments, that runs the command. */
    through?: readonly string[];
  },
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [program, ...rest] = [...(options.through ?? []), process.execPath, "src/main.ts"];
  const child = spawn(program, [...rest, ...args], {
    env: { ...cleanEnvironment(), HOMEROOM_DATA: options.dataDir, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

export async function startHubProcess(options: ProcessOptions): Promise<HubProcess> {
  const started = performance.now();
  const origin = `http://127.0.0.1:${options.port}`;
  const basePath = options.basePath ?? "/";
  // As the hub's image runs it.
  const child = spawn(process.execPath, ["--max-semi-space-size=2", "src/main.ts"], {
    env: {
      ...cleanEnvironment(),
      MALLOC_MMAP_THRESHOLD_: "131072",
      MALLOC_ARENA_MAX: "2",
      HOMEROOM_DATA: options.dataDir,
      HOMEROOM_PORT: String(options.port),
      HOMEROOM_BASE_PATH: basePath,
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // Not at its "exit": what it said last may be on its way then.
  const ended = once(child, "close");
  const probe = new HttpClient(origin);
  for (;;) {
    const answer = await probe.get(`${basePath}hub/health`).catch(() => undefined);
    if (answer?.status === 200) break;
    if (child.exitCode !== null) throw new Error(`the hub ended: ${output}`);
    if (performance.now() - started > 60_000) throw new Error(`the hub is not healthy: ${output}`);
    await sleep(20);
  }
  const startMs = performance.now() - started;
  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  }
  return {
    origin,
    child,
    startMs,
    output: () => output,
    client: () => new HttpClient(origin),
    kill,
    [Symbol.asyncDispose]: () => kill("SIGTERM"),
  };
}

/** This machine's own settings must not reach the hub under test. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("HOMEROOM_")),
  );
}
