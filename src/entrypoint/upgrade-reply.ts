/** The container's answer to a WebSocket upgrade, and our own when there is none to pass on. */
import { createHash } from "node:crypto";
import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = /^[\t\x20-\x7e]*$/;

/**
 * The headers of a `101` as they are passed on, or `undefined` when it is not an answer to this key. Nothing
 * else passes: cookies and policies have no business here.
 */
export function cleanUpgradeReply(
  reply: Pick<IncomingMessage, "statusCode" | "headers">,
  key: string | undefined,
): IncomingHttpHeaders | undefined {
  const { headers } = reply;
  if (reply.statusCode !== 101 || headers.upgrade?.toLowerCase() !== "websocket") return undefined;
  const accept = createHash("sha1").update(`${key}${MAGIC}`).digest("base64");
  if (key === undefined || headers["sec-websocket-accept"] !== accept) return undefined;
  const clean: IncomingHttpHeaders = {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": accept,
  };
  for (const name of ["sec-websocket-protocol", "sec-websocket-extensions"] as const) {
    const value = headers[name];
    if (value === undefined) continue;
    if (!TEXT.test(value)) return undefined;
    clean[name] = value;
  }
  return clean;
}

/** A plain answer on the bare socket of an upgrade; the socket is closed, whatever the client does. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  answer: { readonly body?: string; readonly retryAfter?: number | undefined } = {},
): void {
  if (socket.destroyed) return;
  const body = answer.body ?? "";
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`,
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(body === "" ? [] : ["Content-Type: application/json; charset=utf-8"]),
    ...(answer.retryAfter === undefined ? [] : [`Retry-After: ${answer.retryAfter}`]),
    "X-Content-Type-Options: nosniff",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  closeSoon(socket);
}

const GRACE_MS = 1000;

/** Ends a socket, and destroys it when the other side does not take part. */
export function closeSoon(socket: Duplex, graceMs = GRACE_MS): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), graceMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  if (!socket.writableEnded) socket.end();
}
