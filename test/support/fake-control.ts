/** A hub's control socket that answers what a test wants, as far as a hub could, and remembers what it was asked. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { checkApiAnswer } from "./api-answers.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  /** Only a hub of another version, or one that is broken, says that. */
  readonly isOdd?: true;
}

export interface FakeControl extends AsyncDisposable {
  readonly asked: readonly Asked[];
}

export async function openFakeControl(
  dataDir: string,
  reply: (asked: Asked) => Reply | undefined,
): Promise<FakeControl> {
  const asked: Asked[] = [];
  let impossible: unknown;
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
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const said = body === undefined ? "" : JSON.stringify(body);
      try {
        if (answer.isOdd !== true)
          checkApiAnswer({ ...one, status, headers, text: said, sent: one.body });
      } catch (error) {
        impossible ??= error;
      }
      response.writeHead(status, headers);
      response.end(said);
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
      if (impossible !== undefined) throw impossible;
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
