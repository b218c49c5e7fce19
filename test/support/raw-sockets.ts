/** Clients and servers that speak bytes, for what no library would send. */
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

export interface RawAnswer {
  readonly text: string;
  /** Of the first status line; 0 when there is none. */
  readonly status: number;
  /** The other side closed the connection. */
  readonly closed: boolean;
}

interface SendOptions {
  /** What has come so far is as much as there should be; nothing is quiet before. Absent: anything is. */
  readonly until?: (text: string) => boolean;
  readonly quietMs?: number;
  readonly longestMs?: number;
}

/** For `until`: nothing but the end of the connection will do. */
export const ITS_END = (): boolean => false;

/** Sends the pieces, one after the other, and reads until the connection is closed or `quietMs` pass without a byte. */
export async function sendRaw(
  port: number,
  pieces: string | Buffer | readonly (string | Buffer)[],
  { until = () => true, quietMs = 250, longestMs = 60_000 }: SendOptions = {},
): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  let closed = false;
  const done = Promise.withResolvers<void>();
  let quiet: NodeJS.Timeout | undefined;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    clearTimeout(quiet);
    if (until(textOf(chunks))) quiet = setTimeout(done.resolve, quietMs);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
    done.resolve();
  });
  await once(socket, "connect");
  const longest = setTimeout(done.resolve, longestMs);
  for (const piece of typeof pieces === "string" || Buffer.isBuffer(pieces) ? [pieces] : pieces) {
    if (!socket.destroyed) socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await done.promise;
  clearTimeout(longest);
  clearTimeout(quiet);
  socket.destroy();
  const text = textOf(chunks);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
  return { text, status, closed };
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("latin1");
}

/** A server of sockets that are all gone when it is closed. */
export class RawServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(onSocket: (socket: Socket) => void): Promise<RawServer> {
    const server = createServer((socket) => {
      raw.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => raw.#sockets.delete(socket));
      onSocket(socket);
    });
    const raw = new RawServer(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return raw;
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo; // It listens on TCP.
    return address.port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, "close");
  }
}

/** Waits until it holds, or for `withinMs`. */
export async function eventually(holds: () => boolean, withinMs = 30_000): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
