/** A hub whose servers are of kind `singleuser`, played by a port of this process: it says what reached it. */
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { ServerSpec, Spawner, Step } from "#src/spawners/spawner.ts";
import { FakeEngine } from "./fake-engine.ts";
import { FakeHomes, FakeSpawner } from "./fake-spawner.ts";
import type { HttpClient } from "./http-client.ts";
import { freePort } from "./hub-process.ts";
import { addPerson, createTestHub, signInFirst, type TestHub } from "./test-hub.ts";

export interface SingleuserWorld extends AsyncDisposable {
  readonly box: TestHub;
  readonly owner: HttpClient;
  readonly engine: FakeEngine;
  /** Where Maria's server asks the hub. */
  readonly door: string;
  person(name: string): Promise<HttpClient>;
  /** Starts the default server of whoever it is. */
  start(client: HttpClient, name: string): Promise<ServerSpec>;
  /** As the server itself asks: `path` is below `{H}api`. */
  ask(
    path: string,
    options?: { token?: string; form?: Record<string, string> },
  ): Promise<DoorAnswer>;
}

export interface DoorAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** With a door for each server: the next free port of this machine. */
class DooredSpawner extends FakeSpawner {
  readonly #doorOf: (spec: ServerSpec) => number;

  constructor(engine: FakeEngine, doorOf: (spec: ServerSpec) => number) {
    super(engine);
    this.#doorOf = doorOf;
  }

  override async *start(
    spec: ServerSpec,
    signal: AbortSignal,
  ): AsyncGenerator<Step, void, undefined> {
    for await (const step of super.start(spec, signal)) {
      const hub = { host: "127.0.0.1", port: this.#doorOf(spec) };
      yield step.step === "container" ? { ...step, hub } : step;
    }
  }
}

export async function createSingleuserWorld(basePath: string): Promise<SingleuserWorld> {
  const upstream = createServer((req, res) => {
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify({ url: req.url, headers: req.headers }));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = upstream.address();
  if (address === null || typeof address === "string") throw new TypeError("not a port");
  const engine = new FakeEngine({
    upstreamOf: () => ({ host: "127.0.0.1", port: address.port, kind: "singleuser" }),
  });
  const first = await freePort();
  const others: number[] = [await freePort(), await freePort()];
  const ports = new Map<string, number>();
  const spawner: Spawner = new DooredSpawner(engine, ({ userId }) => {
    const port = ports.get(userId) ?? (ports.size === 0 ? first : (others[ports.size - 1] ?? 0));
    ports.set(userId, port);
    return port;
  });
  const box = await createTestHub({
    config: {
      basePath,
      sharing: "everyone",
      spawner: { profiles: { default: singleuserProfile("some-image") } },
    },
    overrides: { spawner: { spawner, homes: new FakeHomes() } },
  });
  const owner = await box.setUp();
  const door = `http://127.0.0.1:${first}`;
  return {
    box,
    owner,
    engine,
    door,
    async person(name) {
      const password = await addPerson(owner, basePath, { displayName: name, username: name });
      const client = box.client();
      await signInFirst(client, basePath, name, password, "my own words");
      return client;
    },
    async start(client, name) {
      await client.get(`${basePath}hub/spawn`);
      for (let tries = 0; tries < 1200; tries += 1) {
        const answer = await client.get(`${basePath}hub/spawn`);
        if (answer.headers.location?.startsWith(`${basePath}user/${name}/`) === true) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const spec = [...engine.containers.values()]
        .map((container) => container.spec)
        .find(({ baseUrl }) => baseUrl === `${basePath}user/${name}/`);
      if (spec === undefined) throw new Error(`${name}'s server did not come up`);
      return spec;
    },
    async ask(path, { token, form } = {}) {
      const answer = await fetch(`${door}${basePath}hub/api${path}`, {
        ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
        ...(token === undefined ? {} : { headers: { authorization: `token ${token}` } }),
      });
      const text = await answer.text();
      const body: unknown = JSON.parse(text === "" ? "{}" : text);
      const type = answer.headers.get("content-type") ?? "";
      return { status: answer.status, type, text, body: body as DoorAnswer["body"] }; // The API answers objects.
    },
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      upstream.closeAllConnections();
      upstream.close();
    },
  };
}

export function singleuserProfile(image: string) {
  return { image, kind: "singleuser", port: 8888, offered: false } as const;
}

export function tokenOf(spec: ServerSpec): string {
  return spec.environment["JUPYTERHUB_API_TOKEN"] ?? "";
}

/** What the server at the other end got to see. */
export function seenBy(text: string): {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
} {
  return JSON.parse(text) as { url: string; headers: IncomingHttpHeaders }; // As the upstream above says it.
}
