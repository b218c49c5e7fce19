/** An engine that says what a test wants it to say, word for word, on a socket of its own. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface MadeUpEngine extends AsyncDisposable {
  readonly socketPath: string;
  /** What was asked, as `GET /path?query`, and with what body. */
  readonly asked: { readonly request: string; readonly body: string }[];
  /**
   * Answers requests whose `GET /path?query` fits, the latest rule first. Text is sent as it is, and a stream of it
   * stays open when it ends with a line's end; everything else is sent as JSON.
   */
  on(pattern: RegExp, status: number, body?: unknown): void;
}

export async function createMadeUpEngine(): Promise<MadeUpEngine> {
  const folder = await mkdtemp(join(tmpdir(), "homeroom-engine-"));
  const socketPath = join(folder, "docker.sock");
  const rules: { readonly pattern: RegExp; readonly answer: Answer }[] = [];
  const asked: MadeUpEngine["asked"] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const line = `${request.method} ${request.url}`;
      asked.push({ request: line, body: Buffer.concat(chunks).toString() });
      const { status, body } = rules.find(({ pattern }) => pattern.test(line))?.answer ?? {
        status: 404,
        body: { message: `nothing made up for ${line}` },
      };
      response.writeHead(status, { "content-type": "application/json" });
      if (typeof body !== "string") response.end(body === undefined ? "" : JSON.stringify(body));
      else if (body.endsWith("\n")) response.write(body);
      else response.end(body);
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    asked,
    on(pattern, status, body) {
      rules.unshift({ pattern, answer: { status, body } });
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
