/** Server-sent events for pages and for JupyterHub's progress stream. */
import { PassThrough } from "node:stream";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { UserId } from "#src/stores/records.ts";
import type { HubContext } from "./context.ts";
import type { OpenStreams } from "./open-streams.ts";

export interface EventStream {
  /** Ends when the client goes away or the hub stops. */
  readonly signal: AbortSignal;
  send(event: { readonly name?: string; readonly data: unknown }): void;
}

interface StreamOptions {
  /** Between two signs of life, so that neither browser nor a web server in front gives up. */
  readonly heartbeatMs: number;
  /** JupyterHub's keep-alive is an empty line, sent at once; browsers take a comment. */
  readonly heartbeat: string;
}

/** A reader that is so far behind is cut off; its browser comes back and is told the present state. */
const MOST_WAITING_BYTES = 1024 * 1024;

export interface StreamParts {
  readonly sessions: Pick<Sessions, "onEnded" | "ofUser">;
  readonly tokens: Pick<Tokens, "onEnded" | "ofUser">;
  readonly streams: OpenStreams;
  readonly hubSignal: AbortSignal;
}

/**
 * A stream is as long as the session or token behind it, and no longer than the hub. The console has no session,
 * and a service's token lasts as long as the hub. `what` is followed with it.
 */
export function untilSignedOut(ctx: HubContext, what: string, parts: StreamParts): AbortSignal {
  const { hubSignal, streams } = parts;
  const { identity } = ctx.state;
  if (identity?.kind !== "user" && identity?.kind !== "token") return hubSignal;
  const ended = new AbortController();
  const { id } = identity.kind === "user" ? identity.session : identity.token;
  const source: Ends = identity.kind === "user" ? parts.sessions : parts.tokens;
  const unsubscribe = source.onEnded((ids) => {
    if (ids.has(id)) ended.abort();
  });
  const { signal, leave } = streams.enter(`${identity.user.id} ${what}`);
  ctx.res.on("close", () => {
    unsubscribe();
    leave();
  });
  // It may have ended while the request came this far.
  if (!source.ofUser(identity.user.id).some((open) => open.id === id)) ended.abort();
  return AbortSignal.any([ended.signal, signal, hubSignal]);
}

interface Ends {
  onEnded(listener: (ids: ReadonlySet<string>) => void): () => void;
  ofUser(userId: UserId): readonly { readonly id: string }[];
}

/**
 * Answers with an event stream and hands it to `produce`; the stream ends when `produce` does.
 * `hubSignal` ends all streams when the hub stops.
 */
export function answerWithEvents(
  ctx: HubContext,
  hubSignal: AbortSignal,
  options: StreamOptions,
  produce: (stream: EventStream) => Promise<void>,
): void {
  const body = new PassThrough();
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, hubSignal]);
  ctx.type = "text/event-stream";
  ctx.set("cache-control", "no-cache");
  ctx.set("x-accel-buffering", "no");
  ctx.body = body;
  body.on("close", () => ended.abort());
  ctx.req.socket.setNoDelay(true);
  // The client's going away while the answer is written is its right.
  body.on("error", () => ended.abort());
  ctx.res.on("close", () => ended.abort());

  function write(text: string): void {
    if (signal.aborted) return;
    body.write(text);
    if (body.writableLength > MOST_WAITING_BYTES) ended.abort();
  }

  const timer = setInterval(() => write(options.heartbeat), options.heartbeatMs);
  write(options.heartbeat);
  const stream: EventStream = {
    signal,
    send: ({ name, data }) => {
      const head = name === undefined ? "" : `event: ${name}\n`;
      write(`${head}data: ${JSON.stringify(data)}\n\n`);
    },
  };
  produce(stream)
    .catch((error: unknown) => {
      if (!signal.aborted) ctx.app.emit("error", error, ctx);
    })
    .finally(() => {
      clearInterval(timer);
      body.end();
    });
}

export const pageHeartbeat: StreamOptions = { heartbeatMs: 15_000, heartbeat: ":\n\n" };
export const jupyterhubHeartbeat: StreamOptions = { heartbeatMs: 8_000, heartbeat: "\n\n" };
