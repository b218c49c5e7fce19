/** A `World` on a port, in this process. */
import { type IncomingMessage, type ServerResponse, createServer, request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createListener } from "#src/entrypoint/listener.ts";
import { XSRF } from "./gateway-process.ts";
import { type World, type WorldOptions, createWorld } from "./gateway-world.ts";
import { silentLog } from "./silent-log.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export class ListeningWorld implements AsyncDisposable {
  readonly world: World;
  readonly port: number;
  readonly #close: () => Promise<void>;
  readonly #upstreams: AsyncDisposable[] = [];

  private constructor(world: World, port: number, close: () => Promise<void>) {
    this.world = world;
    this.port = port;
    this.#close = close;
  }

  static async start(options: WorldOptions = {}): Promise<ListeningWorld> {
    const world = await createWorld(options);
    const { gateway } = world;
    const listener = createListener({
      gateway,
      bind: "127.0.0.1",
      port: 0,
      log: silentLog,
      drainMs: 200,
    });
    const { port } = await listener.listen();
    return new ListeningWorld(world, port, () => listener.close());
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** The `Cookie` header of somebody who is signed in, with Jupyter's `_xsrf`. */
  async cookie(name: string, options?: { mustChangePassword?: boolean }): Promise<string> {
    return `jupyterhub-session-id=${await this.world.signIn(name, options)}; _xsrf=${XSRF}`;
  }

  /** Lets somebody's server run. */
  async serve(
    name: string,
    onRequest: (req: IncomingMessage, res: ServerResponse) => void,
    onUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): Promise<number> {
    const server = createServer(onRequest);
    if (onUpgrade !== undefined) server.on("upgrade", onUpgrade);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#upstreams.push({
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        server.close();
        await Promise.resolve();
      },
    });
    const { port } = server.address() as AddressInfo; // It listens on TCP.
    this.world.run(name, port);
    return port;
  }

  ask(path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { port } = this;
      const asked = request(
        { host: "127.0.0.1", port, path, method, headers, agent: false },
        (res) => {
          const chunks: Buffer[] = [];
          res.on("data", (chunk: Buffer) => chunks.push(chunk));
          res.on("error", reject);
          res.on("end", () => {
            const text = Buffer.concat(chunks).toString("latin1");
            resolve({ status: res.statusCode ?? 0, headers: res.headers, text });
          });
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await this.world.close();
    for (const upstream of this.#upstreams) await upstream[Symbol.asyncDispose]();
  }
}
