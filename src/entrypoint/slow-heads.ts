/**
 * A reply may take as long as it likes to begin (long polls do), but once its head has begun it has to come:
 * a container that sends one byte a second, or only `103`s, holds no client for ever.
 */
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

const ALLOWED_MS = 3000;
const LOOK_MS = 500;

export class SlowHeadError extends Error {
  override readonly name = "SlowHeadError";
}

interface Waiting {
  readonly socket: Socket;
  /** The connection may be a used one. */
  readonly before: number;
  begun?: number;
}

export class SlowHeads {
  readonly #waiting = new Map<ClientRequest, Waiting>();
  #timer: NodeJS.Timeout | undefined;

  /** From when the request has its connection to when its reply has a head, or never will. */
  watch(request: ClientRequest, socket: Socket): void {
    this.#waiting.set(request, { socket, before: socket.bytesRead });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  done(request: ClientRequest): void {
    this.#waiting.delete(request);
  }

  #look(): void {
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    const now = performance.now();
    for (const [request, waiting] of this.#waiting) {
      if (waiting.socket.bytesRead === waiting.before) continue;
      waiting.begun ??= now;
      if (now - waiting.begun > ALLOWED_MS) {
        this.#waiting.delete(request);
        request.destroy(new SlowHeadError("the head of the reply did not end"));
      }
    }
  }
}
