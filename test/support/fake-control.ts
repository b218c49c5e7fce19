/** A hub's control socket that answers what a test wants, and remembers what it was asked. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

export interface FakeControl extends AsyncDisposable {
  readonly asked: readonly Asked[];
}

export async function openFakeControl(
  dataDir: string,
  reply: (asked: Asked) => Reply | undefined,
): Promise<FakeControl> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void readText(request).then((text) => {
      const one: Asked = {
        method: request.method ?? "",
        path: request.url ?? "",
        body: readBody(text, request.headers["content-type"]),
      };
      asked.push(one);
      const answer = reply(one);
      if (answer === undefined) {
        request.socket.destroy();
        return;
      }
      const { status, body } = answer;
      response.writeHead(status, body === undefined ? {} : { "content-type": "application/json" });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  server.listen(join(dataDir, "control.sock"));
  await once(server, "listening");
  return {
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What is not JSON is kept as it is. */
function readBody(text: string, type: string | undefined): unknown {
  if (text === "") return undefined;
  return type === "application/json" ? (JSON.parse(text) as unknown) : text;
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
  }
  return text;
}
