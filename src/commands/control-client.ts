/** Speaks HTTP to the hub's control socket. */
import { type ClientRequest, request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import * as v from "valibot";
import { type FailureCode, failureText, isFailureCode } from "#src/errors.ts";

export interface Answer {
  readonly status: number;
  /** JSON, or `undefined` when it has none. */
  readonly body: unknown;
  /** As it came. */
  readonly text: string;
}

/** What a command cannot go on with; the message is for people. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The connection broke before there was an answer. */
export class HubGoneError extends CommandError {
  constructor(options?: ErrorOptions) {
    super("the hub went away", options);
  }
}

const TIMEOUT_MS = 60_000;
const NOBODY_THERE = ["ENOENT", "ECONNREFUSED", "ENOTDIR", "ENOTSOCK"];
const failureBody = v.object({
  message: v.string(),
  code: v.optional(v.string()),
  params: v.optional(v.record(v.string(), v.union([v.string(), v.number()]))),
});

interface RequestOptions {
  readonly body?: unknown;
  /** In place of `body`: a stream of bytes, made anew for each try. */
  readonly upload?: () => Readable;
  readonly timeoutMs?: number;
  /** What else to say when the hub refuses with this code: which flag helps, say. */
  readonly hints?: { readonly [Code in FailureCode]?: string };
}

export class ControlClient {
  readonly #socketPath: string;
  readonly #prefix: string;

  constructor({ dataDir, basePath }: { readonly dataDir: string; readonly basePath: string }) {
    this.#socketPath = join(dataDir, "control.sock");
    this.#prefix = `${basePath}hub/`;
  }

  /** `path` is below `hub/`. `undefined`: no hub answers. Throws what the hub refused, in its words. */
  async request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options: RequestOptions = {},
  ): Promise<Answer | undefined> {
    const answer = await this.#send(method, path, options);
    if (answer !== undefined && answer.status >= 400) {
      throw new CommandError(refusal(answer, options.hints ?? {}));
    }
    return answer;
  }

  #send(
    method: string,
    path: string,
    { body, upload, timeoutMs = TIMEOUT_MS }: RequestOptions,
  ): Promise<Answer | undefined> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
    const sent = request({
      socketPath: this.#socketPath,
      method,
      path: this.#prefix + path,
      signal: AbortSignal.timeout(timeoutMs),
      agent: false,
      headers: {
        host: "localhost",
        accept: "application/json",
        ...(text === undefined ? {} : { "content-type": "application/json" }),
        ...(upload === undefined
          ? { "content-length": Buffer.byteLength(text ?? "") }
          : { "content-type": "application/x-tar" }),
      },
    });
    sent.on("response", (response) => {
      readAnswer(response).then(resolve, (error: unknown) =>
        reject(new HubGoneError({ cause: error })),
      );
    });
    sent.on("error", (error) => {
      const code = "code" in error ? String(error.code) : "";
      if (NOBODY_THERE.includes(code)) {
        resolve(undefined);
      } else {
        reject(commandError(code, error, this.#socketPath));
      }
    });
    if (upload === undefined) sent.end(text);
    else send(upload, sent, reject);
    return promise;
  }
}

/** Begins when somebody is there: a stream that was read is gone. */
function send(upload: () => Readable, sent: ClientRequest, fail: (error: unknown) => void): void {
  sent.once("socket", (socket) =>
    socket.once("connect", () => {
      try {
        const body = upload();
        body.once("error", (error) => sent.destroy(error));
        body.pipe(sent);
      } catch (error) {
        fail(error);
        sent.destroy();
      }
    }),
  );
}

/** The answer in the form that the command expects. */
export function readBody<Schema extends v.GenericSchema>(
  schema: Schema,
  { body }: Answer,
): v.InferOutput<Schema> {
  const { output, success } = v.safeParse(schema, body);
  if (!success) {
    throw new CommandError("the hub answered in a way that this command does not understand");
  }
  return output;
}

function refusal({ status, body }: Answer, hints: NonNullable<RequestOptions["hints"]>): string {
  const { output, success } = v.safeParse(failureBody, body);
  if (!success) {
    return `the hub answered ${status}`;
  }
  const { code = "", params, message } = output;
  if (!isFailureCode(code) || params === undefined) {
    return message;
  }
  const hint = hints[code];
  return failureText({ code, params }, "teacher") + (hint === undefined ? "" : ` ${hint}`);
}

function commandError(code: string, cause: Error, path: string): CommandError {
  switch (code) {
    case "ECONNRESET":
    case "EPIPE":
      return new HubGoneError({ cause });
    case "EACCES":
    case "EPERM":
      return new CommandError(`${path} may not be opened by this user`, { cause });
    case "ABORT_ERR":
      return new CommandError("the hub does not answer", { cause });
    default:
      return new CommandError(`the hub cannot be asked: ${cause.message}`, { cause });
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += String(chunk);
  }
  const status = response.statusCode ?? 0;
  const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
  return { status, text, body: isJson ? (JSON.parse(text) as unknown) : undefined };
}
