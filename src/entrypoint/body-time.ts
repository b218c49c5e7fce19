/** How long a request's body may take to come in: Node's own limit, which knows no exception, is off. */
import type { IncomingMessage } from "node:http";

const HUB_BODY_MS = 60_000;
const UPLOAD_STALL_MS = 120_000;

/**
 * An upload to a notebook takes as long as it takes, but it has to move: from a client that waits for a container to
 * take more nothing is read, not even that it went away.
 */
export function endStalledUpload(req: IncomingMessage): void {
  req.setTimeout(UPLOAD_STALL_MS, () => req.destroy());
  req.once("end", () => req.setTimeout(0));
}

/** What the hub reads itself is small; whoever sends it too slowly is cut off. */
export function limitBodyTime(req: IncomingMessage): void {
  const timer = setTimeout(() => req.destroy(), HUB_BODY_MS).unref();
  const clear = (): void => clearTimeout(timer);
  req.once("end", clear);
  req.once("close", clear);
}
