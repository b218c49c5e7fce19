/** A whole hub whose people have notebooks that anybody may be let into: one upstream that says whose page it is. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Clock } from "#src/clock.ts";
import type { Config } from "#src/config/schema.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { FakeEngine } from "./fake-engine.ts";
import { FakeHomes, FakeSpawner } from "./fake-spawner.ts";
import type { Answer, AskOptions, HttpClient } from "./http-client.ts";
import { collect, userName } from "./records.ts";
import { addPerson, createTestHub, signIn, signInFirst, type TestHub } from "./test-hub.ts";

export interface SharingOptions {
  readonly basePath?: string;
  readonly sharing?: Config["sharing"];
  readonly clock?: Clock;
  readonly named?: boolean;
}

/** ada owns the box; tom teaches kofi, maria and sam; eve has a class of her own. */
export class SharingWorld implements AsyncDisposable {
  readonly box: TestHub;
  readonly store: Store;
  readonly owner: HttpClient;
  readonly base: string;
  readonly #notebook: Server;
  readonly #sockets: WebSocketServer;
  readonly #seen: IncomingMessage[];
  readonly #clients = new Map<string, HttpClient>();

  static async open(options: SharingOptions = {}): Promise<SharingWorld> {
    const seen: IncomingMessage[] = [];
    const sockets = new WebSocketServer({ noServer: true });
    const notebook = createServer((req, res) => {
      seen.push(req);
      res.setHeader("cross-origin-opener-policy", "same-origin");
      res.setHeader("set-cookie", `_xsrf=theirs; Path=${prefixOf(req.url ?? "")}`);
      if ((req.url ?? "").includes("/files/")) res.write("the first bytes");
      else res.end(`notebook of ${req.url ?? ""}`);
    });
    notebook.on("upgrade", (req, socket, head) => {
      sockets.handleUpgrade(req, socket, head, (open) => open.on("error", () => undefined));
    });
    notebook.listen(0, "127.0.0.1");
    await once(notebook, "listening");
    const { port } = notebook.address() as AddressInfo; // It listens on TCP.
    const engine = new FakeEngine({ upstreamOf: () => ({ host: "127.0.0.1", port }) });
    const store = createMemoryStore(options.clock === undefined ? {} : { clock: options.clock });
    const box = await createTestHub({
      config: {
        basePath: options.basePath ?? "/",
        ...(options.sharing === undefined ? {} : { sharing: options.sharing }),
        // Only who says so is behind another web server.
        listen: { trustedProxies: ["127.0.0.1"] },
        services: {
          desk: {
            scopes: ["admin:users", "shares", "access:servers", "list:users", "admin:groups"],
          },
        },
        ...(options.named === true
          ? { spawner: { namedServers: { allow: true, limitPerUser: 3, home: "shared" } } }
          : {}),
      },
      overrides: {
        store,
        spawner: { spawner: new FakeSpawner(engine), homes: new FakeHomes() },
        ...(options.clock === undefined ? {} : { clock: options.clock }),
      },
    });
    const world = new SharingWorld({
      box,
      store,
      notebook,
      sockets,
      seen,
      owner: await box.setUp(),
    });
    for (const [name, role] of [
      ["tom", "teacher"],
      ["eve", "teacher"],
      ["kofi", "student"],
      ["maria", "student"],
      ["sam", "student"],
    ] as const) {
      await world.join(name, role);
    }
    await world.command("POST", "groups/8C", {});
    await world.command("POST", "groups/8C/users", { users: ["eve"] });
    await world.command("DELETE", "groups/Class/users", { users: ["eve"] });
    return world;
  }

  private constructor(parts: {
    readonly box: TestHub;
    readonly store: Store;
    readonly notebook: Server;
    readonly sockets: WebSocketServer;
    readonly seen: IncomingMessage[];
    readonly owner: HttpClient;
  }) {
    this.box = parts.box;
    this.store = parts.store;
    this.owner = parts.owner;
    this.#notebook = parts.notebook;
    this.#sockets = parts.sockets;
    this.#seen = parts.seen;
    this.base = parts.box.config.basePath;
    this.#clients.set("ada", parts.owner);
  }

  async join(name: string, role = "student"): Promise<HttpClient> {
    const client = this.box.client();
    const person = { displayName: `${name} X`, username: name, role };
    const first = await addPerson(this.owner, this.base, person);
    await signInFirst(client, this.base, name, first, passwordOf(name));
    this.#clients.set(name, client);
    return client;
  }

  /** A new browser in which they are signed in. */
  async browser(name: string): Promise<HttpClient> {
    const client = this.box.client();
    await signIn(client, this.base, name, passwordOf(name));
    return client;
  }

  user(name: string): UserRecord {
    const id = this.store.get("names", userName(name))?.userId ?? "";
    const found = this.store.get("users", id);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  /** By the control socket. */
  command(method: string, path: string, json?: unknown): Promise<Answer> {
    return this.box.command(method, path, json);
  }

  async start(name: string, server = ""): Promise<void> {
    await this.command("POST", `users/${name}/servers/${server}`);
  }

  /** A token of theirs; by the console. */
  async token(name: string, scopes?: readonly string[]): Promise<string> {
    const json = scopes === undefined ? {} : { scopes };
    const { text } = await this.command("POST", `users/${name}/tokens`, json);
    return (JSON.parse(text) as { token: string }).token;
  }

  async serviceToken(name: string): Promise<string> {
    const { text } = await this.command("GET", `services/${name}/token`);
    return (JSON.parse(text) as { token: string }).token;
  }

  byToken(token: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const headers = { authorization: `token ${token}`, ...options.headers };
    return this.box.client().ask(this.base + path, { ...options, headers });
  }

  socket(path: string, headers: Readonly<Record<string, string>>): WebSocket {
    const open = new WebSocket(this.box.origin.replace(/^http/, "ws") + this.base + path, {
      headers,
    });
    open.on("error", () => undefined);
    return open;
  }

  get seen(): readonly IncomingMessage[] {
    return this.#seen;
  }

  audit(): Promise<readonly AuditRecord[]> {
    return collect(this.store.audit());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#sockets.clients) one.terminate();
    this.#notebook.closeAllConnections();
    this.#notebook.close();
    await this.box[Symbol.asyncDispose]();
  }
}

export function passwordOf(name: string): string {
  return `${name} has some words`;
}

function prefixOf(url: string): string {
  return /^.*?\/user\/[^/]+\//.exec(url)?.[0] ?? "/";
}
