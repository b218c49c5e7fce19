/** The sample pages on a port, with the headers that the hub sends. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { type Assets, loadAssets } from "#src/views/assets.ts";
import type { Frame, Views } from "#src/views/pages.ts";
import { createViews } from "#src/views/render.ts";
import { type Sample, sampleClock, samples } from "./page-models.ts";
import { catalogsWithPseudo } from "./pseudo-locales.ts";

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /hub/security/csp-report";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export class SampleSite implements AsyncDisposable {
  readonly views: Views;
  /** Paths that a test answers itself. */
  readonly handlers = new Map<string, Handler>();
  readonly requests: string[] = [];
  readonly #assets: Assets = loadAssets();
  readonly #server: Server;

  constructor() {
    this.views = createViews({
      assets: this.#assets,
      clock: sampleClock,
      timeZone: "UTC",
      catalogs: catalogsWithPseudo(),
    });
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("no port");
    return `http://box.lan:${address.port}`;
  }

  /** Path of a sample: `/hub/sample/home-running?language=en&theme=dark` */
  static path(sample: Sample, options: { language?: string; theme?: Frame["theme"] } = {}): string {
    const query = new URLSearchParams(options);
    return `/hub/sample/${sample.label}?${query.toString()}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://box");
    this.requests.push(`${request.method} ${url.pathname}`);
    const handler = this.handlers.get(url.pathname);
    if (handler !== undefined) return handler(request, response);
    if (/^\/hub\/(?:admin\/)?events\b/.test(url.pathname)) return openStream(response);
    const asset = this.#assets.get(url.pathname.slice("/hub/static/".length));
    if (asset !== undefined) {
      response.writeHead(200, { "content-type": asset.type, "x-content-type-options": "nosniff" });
      return void response.end(asset.body);
    }
    const sample = samples.find(({ label }) => url.pathname === `/hub/sample/${label}`);
    if (sample === undefined) return void response.writeHead(404).end();
    this.page(response, sample, {
      language: url.searchParams.get("language") ?? "en",
      theme: (url.searchParams.get("theme") ?? "system") as Frame["theme"], // Asked for by our tests.
    });
  }

  page(
    response: ServerResponse,
    sample: Sample,
    options: { language?: string; theme?: Frame["theme"] } = {},
  ): void {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    response.end(sample.render(this.views, options));
  }

  /** An event as the hub sends it, over a stream that {@link openStream} opened. */
  static send(response: ServerResponse, name: string, data: unknown): void {
    response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function openStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write(":\n\n");
}
