/** One engine: its client, how it is asked, and what may stand in a path of its API. */
import { createRequire } from "node:module";
import type Docker from "dockerode";
import { HubError } from "#src/errors.ts";
import { isObjectReference } from "#src/spawners/docker/names.ts";
import { CALL_TIMEOUT_MS, EngineCalls } from "./calls.ts";
import { loadDockerode } from "./load-dockerode.ts";

export type LabelFilter = Readonly<Record<string, string>>;

interface Change {
  /** Names the call where it failed. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** Statuses of the engine that say: it is so already. */
  readonly fine?: readonly number[];
  ask(signal: AbortSignal): Promise<unknown>;
}

export class EngineConnection {
  readonly docker: Docker;
  readonly calls: EngineCalls;

  constructor(options: { readonly socketPath: string }) {
    this.calls = new EngineCalls(options.socketPath);
    // `host` keeps DOCKER_HOST out; an agent would make each call ten times slower (docker-modem inspects it).
    const Dockerode = loadDockerode();
    this.docker = new Dockerode({ socketPath: options.socketPath, host: "", protocol: "http" });
    forbidRedirects();
  }

  /** A call of whose answer nothing is needed but that it is done. */
  async change({ fine = [], timeoutMs = CALL_TIMEOUT_MS, ...call }: Change): Promise<void> {
    const otherwise = (status: number) =>
      fine.includes(status) ? { answer: undefined } : undefined;
    await this.calls.ask<unknown>({ ...call, timeoutMs, changes: true, otherwise });
  }
}

export function labelFilter(labels: LabelFilter): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

/** JSON that was cut short comes back from docker-modem as bytes. */
export function requireJson<Answer>(answer: Answer): Answer {
  if (!Buffer.isBuffer(answer)) return answer;
  throw new HubError("spawner_failed", { detail: "the engine's answer cannot be read" });
}

export function requireReference(text: string): string {
  if (isObjectReference(text)) return text;
  throw new TypeError(`not a name of ours: ${JSON.stringify(text)}`);
}

/** What is not there is an answer, too. */
export function absent(status: number): { readonly answer: undefined } | undefined {
  return status === 404 ? { answer: undefined } : undefined;
}

/** dockerode takes a signal with every call; its types do not know it everywhere. */
export function withSignal(abortSignal: AbortSignal): object {
  return { abortSignal };
}

/** docker-modem follows a redirect with a request that nobody listens to: its failure would end the process. */
function forbidRedirects(): void {
  const require = createRequire(import.meta.resolve("dockerode"));
  const modemHttp: unknown = require("docker-modem/lib/http");
  if (typeof modemHttp === "object" && modemHttp !== null) {
    Reflect.set(modemHttp, "maxRedirects", 0);
  }
}
