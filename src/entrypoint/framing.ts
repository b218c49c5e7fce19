/** How a request is put together on the wire, where Node's parser leaves room for two readings. */
import type { IncomingMessage } from "node:http";
import { HubError } from "#src/errors.ts";

/** What a notebook is asked with. */
export const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);
const WITHOUT_BODY = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers["content-length"];
  return (
    req.headers["transfer-encoding"] !== undefined || (length !== undefined && Number(length) > 0)
  );
}

/** Holds for every request, wherever it goes. Throws. */
export function checkFraming(req: IncomingMessage): void {
  // Node still reads HTTP/0.9, which has no headers to say who asks.
  if (req.httpVersionMajor !== 1) throw new HubError("bad_request");
  const encoding = req.headers["transfer-encoding"];
  if (encoding === undefined) return;
  if (encoding.toLowerCase() !== "chunked" || req.httpVersion === "1.0") {
    throw new HubError("bad_request");
  }
  // http-proxy would announce an empty body and send this one behind it, as the next request.
  if (WITHOUT_BODY.has(req.method ?? "")) throw new HubError("body_not_allowed");
}

/** Other methods are refused before anyone looks at who asks: `TRACE` would show what we add. Throws. */
export function checkMethod(req: IncomingMessage): void {
  if (!METHODS.has(req.method ?? "")) throw new HubError("method_not_allowed");
}

/** Holds for what goes to a container. Throws. */
export function checkProxiedBody(req: IncomingMessage): void {
  if (WITHOUT_BODY.has(req.method ?? "") && hasBody(req)) throw new HubError("bad_request");
}
