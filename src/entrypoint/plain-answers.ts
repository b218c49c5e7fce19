/** Answers that are made before anyone knows who asks, or that Jupyter's own clients expect word for word. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { type HubError, failureText } from "#src/errors.ts";
import { METHODS } from "./framing.ts";

const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
};

/** A failure as one sentence of text, for requests that no page can be made for; for programs as the API says it. */
export function answerPlainly(res: ServerResponse, failure: HubError): void {
  if (isOfApi(res.req)) {
    const { status, message, code, retryAfter } = failure;
    answerJson(res, status, { status, message, code }, retryAfter);
    return;
  }
  const text = failureText(failure.toData(), "student");
  answer(res, failure.status, "text/plain; charset=utf-8", `${text}\n`, failure.retryAfter);
}

/** As far as can be told of an address that may not be well written. */
function isOfApi({ url = "" }: IncomingMessage): boolean {
  return (url.split("?", 1)[0] ?? "").split("/").includes("api");
}

export function answerJson(
  res: ServerResponse,
  status: number,
  body: Readonly<Record<string, unknown>>,
  retryAfter?: number,
): void {
  answer(res, status, "application/json; charset=utf-8", JSON.stringify(body), retryAfter);
}

/** `location` is a path of ours, encoded. */
export function redirect(res: ServerResponse, status: 301 | 302, location: string): void {
  if (res.headersSent) return;
  // A browser keeps a 301 for good, and who may see what changes.
  res.writeHead(status, STATUS_CODES[status], {
    ...HEADERS,
    Location: location,
    "Content-Length": 0,
  });
  res.end();
}

function answer(
  res: ServerResponse,
  status: number,
  type: string,
  body: string,
  retryAfter: number | undefined,
): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.writeHead(status, {
    ...HEADERS,
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    ...(retryAfter === undefined ? {} : { "Retry-After": retryAfter }),
    ...(status === 405 ? { Allow: [...METHODS].join(", ") } : {}),
  });
  res.end(res.req.method === "HEAD" ? undefined : body);
}

const MOST_DISCARDED_BYTES = 1024 * 1024;
const DISCARD_MS = 3000;

/**
 * Reads what is left of a body that nobody wants, so that the client gets to read its answer (a socket closed
 * with unread data is reset, and what was on its way is lost), but not all of it, and not for ever.
 */
export function discardBody(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  let size = 0;
  const timer = setTimeout(() => req.destroy(), DISCARD_MS);
  timer.unref();
  req.unpipe();
  req.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MOST_DISCARDED_BYTES) req.pause();
  });
  req.once("close", () => clearTimeout(timer));
  req.resume();
}
