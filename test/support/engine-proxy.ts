/** A socket in front of the real engine on which its answers can be withheld, cut short or made up. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

const ENGINE_SOCKET = "/var/run/docker.sock";

export type Disturbance =
  /** Never answers. */
  | { readonly is: "hang" }
  /** Breaks the connection instead of answering. */
  | { readonly is: "reset" }
  /** The engine does what it was asked; the connection breaks before its answer. */
  | { readonly is: "lost" }
  /** Sends the head and the first bytes, then breaks the connection. */
  | { readonly is: "cut" }
  | {
      readonly is: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

export type Disturb = (method: string, url: string) => Disturbance | undefined;

export class EngineProxy implements AsyncDisposable {
  readonly socketPath: string;
  disturb: Disturb = () => undefined;
  /** What is asked for waits until then. */
  delay: ((method: string, url: string) => Promise<void> | undefined) | undefined;
  /** Everything that was asked, as `GET /path`. */
  readonly asked: string[] = [];
  readonly #sockets = new Set<Duplex>();
  readonly #upstreams = new Set<http.IncomingMessage>();
  readonly #waiting = new Set<http.IncomingMessage>();
  #server: http.Server | undefined;

  #ownFolder: string | undefined;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** One that listens, in a folder of its own. */
  static async start(): Promise<EngineProxy> {
    const folder = await mkdtemp(join(tmpdir(), "homeroom-engine-"));
    const proxy = new EngineProxy(join(folder, "docker.sock"));
    proxy.#ownFolder = folder;
    await proxy.listen();
    return proxy;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = http.createServer((request, response) => this.#forward(request, response));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
    });
    server.listen(this.socketPath);
    await once(server, "listening");
    this.#server = server;
  }

  /** The engine is gone: its socket too, and every connection. */
  async close(): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await rm(this.socketPath, { force: true });
  }

  /** How much was asked to which no answer has begun. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Streams that are open now carry nothing more, but stay open. */
  silenceStreams(): void {
    for (const upstream of this.#upstreams) {
      upstream.unpipe();
      upstream.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    if (this.#ownFolder !== undefined) await rm(this.#ownFolder, { recursive: true, force: true });
  }

  #disturbance(request: http.IncomingMessage): Disturbance | undefined {
    const { method = "", url = "" } = request;
    this.asked.push(`${method} ${url}`);
    return this.disturb(method, url);
  }

  #forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    const disturbance = this.#disturbance(request);
    this.#waiting.add(request);
    response.on("close", () => this.#waiting.delete(request));
    if (disturbance?.is === "hang") return;
    if (disturbance?.is === "reset") {
      request.socket.destroy();
      return;
    }
    if (disturbance?.is === "answer") {
      response.writeHead(disturbance.status, { ...disturbance.headers });
      response.end(disturbance.body ?? "");
      return;
    }
    const delay = this.delay?.(request.method ?? "", request.url ?? "");
    if (delay === undefined) this.#pass(request, response, disturbance);
    else {
      void delay.then(() => {
        // Passed on for somebody who has gone, it would never end.
        if (!response.closed) this.#pass(request, response, disturbance);
      });
    }
  }

  #pass(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    disturbance: Disturbance | undefined,
  ): void {
    const upstream = http.request({
      socketPath: ENGINE_SOCKET,
      path: request.url,
      method: request.method,
      headers: request.headers,
      agent: false,
    });
    upstream.on("error", () => response.destroy());
    upstream.on("response", (answer) => {
      this.#waiting.delete(request);
      this.#upstreams.add(answer);
      answer.on("close", () => this.#upstreams.delete(answer));
      answer.on("error", () => {});
      if (disturbance?.is === "lost") {
        answer.resume();
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      if (disturbance?.is === "cut") {
        answer.once("data", (chunk: Buffer) => {
          response.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => response.destroy());
        });
        return;
      }
      answer.pipe(response);
    });
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
  }

  #upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#disturbance(request);
    const upstream = http.request({
      socketPath: ENGINE_SOCKET,
      path: request.url,
      method: request.method,
      headers: request.headers,
      agent: false,
    });
    upstream.on("error", () => socket.destroy());
    upstream.on("upgrade", (answer, other, first) => {
      const headers = Object.entries(answer.headers).map(
        ([name, value]) => `${name}: ${String(value)}\r\n`,
      );
      socket.write(`HTTP/1.1 101 UPGRADED\r\n${headers.join("")}\r\n`);
      socket.write(first);
      other.on("error", () => socket.destroy());
      socket.on("error", () => other.destroy());
      socket.pipe(other).pipe(socket);
    });
    // What came with the question is its body: Node's server takes it for the first of what follows.
    upstream.end(head);
  }
}
