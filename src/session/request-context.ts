/**
 * Who is at the other end of a request: worked out once, before anything else looks at it. Forwarded headers count
 * only when a web server of ours sent them; a link is never built from a Host that is not a plain one.
 */
import { randomInt } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import { HubError } from "#src/errors.ts";
import type { ServerId } from "#src/stores/records.ts";

export interface RequestContext {
  /** Short enough to be read out: `K7-4201`. Some two million requests pass before one comes again. */
  readonly id: string;
  /** `server`: from within a container, by the door of that server. */
  readonly via: "network" | "console" | "server";
  /** With `server`: which it is. */
  readonly server?: AskingServer;
  /** Of the browser, as far as trusted web servers tell; `""` on the control socket. */
  readonly address: string;
  readonly scheme: "http" | "https";
  /** The Host header, checked and in small letters; `""` when HTTP/1.0 sends none. */
  readonly host: string;
  /** `scheme://host`, as a browser writes it in `Origin`; `""` without a host. */
  readonly origin: string;
  /** The origins of our own pages: `origin`, and that of the public URL. */
  readonly ownOrigins: readonly string[];
}

/** A server that asks the hub by its own door, as it was started. */
export interface AskingServer {
  readonly serverId: ServerId;
  readonly generation: number;
}

export interface RequestContexts {
  /** Throws `bad_host`. */
  make(req: IncomingMessage, via: RequestContext["via"], server?: AskingServer): RequestContext;
  /** The one that was made for this request. */
  of(req: IncomingMessage): RequestContext;
}

export function createRequestContexts(options: {
  readonly trustedProxies: readonly string[];
  readonly publicUrl?: string | undefined;
}): RequestContexts {
  const proxies = readProxies(options.trustedProxies);
  const publicOrigins =
    options.publicUrl === undefined ? [] : [webOrigin(new URL(options.publicUrl))];
  const nextId = createIds();
  const contexts = new WeakMap<IncomingMessage, RequestContext>();

  function make(
    req: IncomingMessage,
    via: RequestContext["via"],
    server?: AskingServer,
  ): RequestContext {
    const peer = plainAddress(req.socket.remoteAddress ?? "");
    // No web server stands between a container and its door.
    const isForwarded = via !== "server" && isTrusted(proxies, peer);
    const scheme = schemeOf(req, isForwarded);
    const host = hostOf(req);
    const origin = host === "" ? "" : originOf(scheme, host);
    const context: RequestContext = {
      id: nextId(),
      via,
      ...(server === undefined ? {} : { server }),
      address: isForwarded ? clientOf(req, peer, proxies) : peer,
      scheme,
      host,
      origin,
      ownOrigins: origin === "" ? publicOrigins : [origin, ...publicOrigins],
    };
    contexts.set(req, context);
    return context;
  }

  function of(req: IncomingMessage): RequestContext {
    const context = contexts.get(req);
    if (context === undefined) {
      throw new TypeError("The gateway makes the context of each request first");
    }
    return context;
  }

  return { make, of };
}

/** Letters and digits that are not taken for one another, also over a bad telephone line. */
const ID_LETTERS = "ACEFHJKLMNPQRTUWXY";
const ID_DIGITS = "2345679";

function createIds(): () => string {
  const prefixes = ID_LETTERS.length * ID_DIGITS.length;
  let prefix = randomInt(prefixes);
  let number = randomInt(10_000);
  return () => {
    number += 1;
    if (number === 10_000) {
      number = 0;
      prefix = (prefix + 1) % prefixes;
    }
    const letter = ID_LETTERS.charAt(Math.floor(prefix / ID_DIGITS.length));
    const digit = ID_DIGITS.charAt(prefix % ID_DIGITS.length);
    return `${letter}${digit}-${String(number).padStart(4, "0")}`;
  };
}

function readProxies(entries: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, ...rest] = entry.trim().split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (isIP(address) === 0 || rest.length > 0 || !(length <= most)) {
      throw new TypeError(`“${entry}” is neither an address nor a network`);
    }
    proxies.addSubnet(address, length, family);
  }
  return proxies;
}

function isTrusted(proxies: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && proxies.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** Without the zone of a link-local address; IPv4 as itself also when it came in through IPv6. */
function plainAddress(address: string): string {
  const [plain = ""] = address.trim().split("%");
  return /^::ffff:[\d.]+$/i.test(plain) ? plain.slice("::ffff:".length) : plain;
}

/** Each web server writes whom it saw at the right; what stands left of the first stranger is hearsay. */
function clientOf(req: IncomingMessage, peer: string, proxies: BlockList): string {
  let client = peer;
  for (const entry of headerText(req, "x-forwarded-for").split(",").toReversed()) {
    const address = plainAddress(entry);
    if (isIP(address) === 0) {
      return client;
    }
    client = address;
    if (!isTrusted(proxies, address)) {
      return client;
    }
  }
  return client;
}

function schemeOf(req: IncomingMessage, isForwarded: boolean): "http" | "https" {
  if (isForwarded) {
    // The first is what the browser used. Who sends a false one fools only the own browser.
    const [scheme] = headerText(req, "x-forwarded-proto").split(",");
    const named = scheme?.trim().toLowerCase();
    if (named === "http" || named === "https") {
      return named;
    }
  }
  return "encrypted" in req.socket && req.socket.encrypted === true ? "https" : "http";
}

function headerText(req: IncomingMessage, name: string): string {
  const value = req.headers[name];
  return typeof value === "string" ? value : (value?.join(",") ?? "");
}

const NAME_OR_IPV4 = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?$/;

/** One plain `host` or `host:port`; Node joins nothing here, so two headers are seen. */
function hostOf(req: IncomingMessage): string {
  const count = req.rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === "host",
  ).length;
  const host = (req.headers.host ?? "").toLowerCase();
  if (count > 1 || (host !== "" && !isPlainHost(host))) {
    throw new HubError("bad_host");
  }
  return host;
}

function isPlainHost(host: string): boolean {
  if (host.length > 260) {
    return false;
  }
  const [, name = "", port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(host) ?? [];
  const isName = name.startsWith("[")
    ? isIPv6(name.slice(1, -1))
    : NAME_OR_IPV4.test(name) && !name.includes("..");
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  return isName && isPort && URL.canParse(`http://${host}`);
}

/** Other schemes have the origin `null`, which is that of every sandboxed page. */
function webOrigin(url: URL): string {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`“${url.href}” is not an address of the web`);
  }
  return url.origin;
}

/** As browsers write it: no default port, IPv6 in its short form. */
function originOf(scheme: string, host: string): string {
  return new URL(`${scheme}://${host}`).origin;
}
