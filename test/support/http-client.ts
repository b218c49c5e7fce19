/**
 * A client with a cookie jar, as a script that speaks to JupyterHub has one; redirects only when asked to. Whatever
 * the API answers it holds against docs/api.yaml.
 */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import WebSocket from "ws";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Where the last redirect led. */
  readonly url: string;
  /** How many were followed. */
  readonly redirects: number;
}

interface Jarred {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: string | Buffer;
  readonly follow?: boolean;
}

export class HttpClient {
  readonly origin: string;
  readonly #socketPath: string | undefined;
  #jar: Jarred[] = [];

  constructor(origin: string, options: { socketPath?: string } = {}) {
    this.origin = origin;
    this.#socketPath = options.socketPath;
  }

  async ask(path: string, options: AskOptions = {}): Promise<Answer> {
    let answer = await this.#once(path, options);
    for (let redirects = 1; options.follow === true && isRedirect(answer.status); redirects += 1) {
      if (redirects > 10) throw new Error(`redirect loop at ${answer.url}`);
      const target = new URL(answer.headers.location ?? "", this.origin + answer.url);
      answer = { ...(await this.#once(target.pathname + target.search, {})), redirects };
    }
    return answer;
  }

  get(path: string, options: AskOptions = {}): Promise<Answer> {
    return this.ask(path, options);
  }

  /** A form as a page would send it, with the token that fits the path. */
  post(path: string, form: Readonly<Record<string, string>> = {}, options: AskOptions = {}) {
    const xsrf = this.cookie("_xsrf", path);
    const fields = xsrf === undefined ? form : { _xsrf: xsrf, ...form };
    return this.ask(path, { method: "POST", form: fields, ...options });
  }

  cookie(name: string, path: string): string | undefined {
    return this.#cookiesFor(path).find((cookie) => cookie.name === name)?.value;
  }

  cookieHeader(path: string): string {
    return this.#cookiesFor(path)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  /** As if an answer had set it. */
  keep(name: string, value: string, path: string): void {
    this.#jar.push({ name, value, path });
  }

  forget(name: string): void {
    this.#jar = this.#jar.filter((cookie) => cookie.name !== name);
  }

  /** Another client with the same cookies, as a second tab has them. */
  tab(): HttpClient {
    const other = new HttpClient(this.origin);
    other.#jar = [...this.#jar];
    return other;
  }

  webSocket(path: string, headers: Readonly<Record<string, string>> = {}): WebSocket {
    return new WebSocket(this.origin.replace(/^http/, "ws") + path, {
      headers: { cookie: this.cookieHeader(path), ...headers },
    });
  }

  #cookiesFor(path: string): readonly Jarred[] {
    const bare = path.split(/[?#]/)[0] ?? path;
    return this.#jar
      .filter((cookie) => pathMatches(cookie.path, bare))
      .toSorted((a, b) => b.path.length - a.path.length);
  }

  async #once(path: string, options: AskOptions): Promise<Answer> {
    const answer = await this.#send(path, options);
    if (path.includes("/hub/api")) {
      const { checkApiAnswer } = await import("./api-answers.ts");
      checkApiAnswer({ ...answer, path, method: options.method ?? "GET", sent: options.json });
    }
    return answer;
  }

  #send(path: string, options: AskOptions): Promise<Answer> {
    const { body, type } = bodyOf(options);
    const cookies = this.cookieHeader(path);
    const { hostname, port, host } = new URL(this.origin);
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          ...(this.#socketPath === undefined
            ? { hostname, port }
            : { socketPath: this.#socketPath }),
          path,
          method: options.method ?? "GET",
          headers: {
            host,
            ...(cookies === "" ? {} : { cookie: cookies }),
            ...(type === undefined ? {} : { "content-type": type }),
            ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
            ...options.headers,
          },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            this.#keep(response.headers["set-cookie"] ?? []);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString("utf8"),
              url: path,
              redirects: 0,
            });
          });
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  }

  #keep(headers: readonly string[]): void {
    for (const header of headers) {
      const [pair = "", ...attributes] = header.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const attribute = (wanted: string): string | undefined =>
        attributes
          .find((text) => text.toLowerCase().startsWith(`${wanted}=`))
          ?.slice(wanted.length + 1);
      const path = attribute("path") ?? "/";
      const expires = attribute("expires");
      const isGone =
        attribute("max-age") === "0" || (expires !== undefined && Date.parse(expires) < Date.now());
      this.#jar = this.#jar.filter((cookie) => cookie.name !== name || cookie.path !== path);
      if (!isGone) this.#jar.push({ name, value, path });
    }
  }
}

function isRedirect(status: number): boolean {
  return status >= 301 && status <= 308 && status !== 304;
}

/** RFC 6265, 5.1.4. */
function pathMatches(cookiePath: string, path: string): boolean {
  if (cookiePath === path) return true;
  return (
    path.startsWith(cookiePath) && (cookiePath.endsWith("/") || path[cookiePath.length] === "/")
  );
}

function bodyOf(options: AskOptions): { body?: string | Buffer; type?: string } {
  if (options.form !== undefined) {
    return {
      body: new URLSearchParams(options.form).toString(),
      type: "application/x-www-form-urlencoded",
    };
  }
  if (options.json !== undefined) {
    return { body: JSON.stringify(options.json), type: "application/json" };
  }
  return options.body === undefined ? {} : { body: options.body };
}
