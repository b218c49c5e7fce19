/** What Docker and its socket say when something fails, in the words of the failure table. Pure. */
import { HubError } from "#src/errors.ts";

function property(error: unknown, name: string): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  return Reflect.get(error, name);
}

/** The HTTP status of the engine's answer, when there was one. */
export function statusOf(error: unknown): number | undefined {
  const status = property(error, "statusCode");
  return typeof status === "number" ? status : undefined;
}

/** The engine's own sentence, without docker-modem's `(HTTP code 500) server error - ` in front. */
export function messageOf(error: unknown): string {
  const message = String(property(error, "message") ?? error);
  return message.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim();
}

/** The connection broke while the engine was being asked; asking again may work. */
export function isBrokenConnection(error: unknown): boolean {
  const code = property(error, "code");
  return code === "ECONNRESET" || code === "EPIPE";
}

const SOCKET_TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no socket at {path}",
  ENOTDIR: "there is no socket at {path}",
  ECONNREFUSED: "nothing listens on {path}",
  EACCES: "the hub may not open {path}",
  EPERM: "the hub may not open {path}",
  ECONNRESET: "the connection to {path} broke",
  EPIPE: "the connection to {path} broke",
  ETIMEDOUT: "{path} does not answer",
  EAGAIN: "too many programs ask {path} at once",
};

const DISK_FULL = /no space left on device|ENOSPC|disk quota exceeded/i;
const IMAGE_MISSING = /no such image: ?(\S+)?|unable to find image/i;

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 300);
}

/** A failure of the table for any error of a call to the engine. */
export function translateEngineError(error: unknown, socketPath: string): HubError {
  if (error instanceof HubError) return error;
  const trouble = SOCKET_TROUBLE[String(property(error, "code"))];
  if (trouble !== undefined) {
    const detail = trouble.replace("{path}", socketPath);
    return new HubError("docker_unreachable", { detail }, { cause: error, retryAfter: 5 });
  }
  const message = messageOf(error);
  if (DISK_FULL.test(message)) {
    return new HubError("disk_full", { detail: firstLine(message) }, { cause: error });
  }
  const missing = IMAGE_MISSING.exec(message);
  if (missing !== null) {
    const image = missing[1] ?? "?";
    return new HubError("image_missing", { image }, { cause: error });
  }
  return new HubError("spawner_failed", { detail: firstLine(message) }, { cause: error });
}

/** The engine took the question and said nothing within the time. */
export function engineSilent(what: string, timeoutMs: number): HubError<"docker_unreachable"> {
  const detail = `no answer to “${what}” within ${Math.round(timeoutMs / 1000)} s`;
  return new HubError("docker_unreachable", { detail }, { retryAfter: 5 });
}
