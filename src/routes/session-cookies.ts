/** The cookies of a session: two unrelated secrets on two paths; and that of a browser that is known. */
import {
  DEVICE_COOKIE,
  HUB_COOKIE,
  SITE_COOKIE,
  XSRF_COOKIE,
  clearCookie,
  cookieValues,
  parseCookies,
  serializeCookie,
} from "#src/session/cookies.ts";
import type { Device, KnownDevices } from "#src/session/known-devices.ts";
import { hashSecret } from "#src/stores/ids.ts";
import type { SessionRecord, UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "./context.ts";
import type { Paths } from "./paths.ts";

/** Browsers keep no cookie for longer. */
const DEVICE_SECONDS = 400 * 86_400;

interface Secrets {
  readonly hubSecret: string;
  readonly siteSecret: string;
  readonly xsrf: string;
  /** Absent: they end with the browser. */
  readonly maxAgeSeconds?: number;
}

export class SessionCookies {
  readonly #paths: Paths;
  readonly #devices: KnownDevices;

  constructor(paths: Paths, devices: KnownDevices) {
    this.#paths = paths;
    this.#devices = devices;
  }

  set(ctx: HubContext, { hubSecret, siteSecret, xsrf, maxAgeSeconds }: Secrets): void {
    const kept = {
      secure: isSecure(ctx),
      ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    };
    const { hub, base } = this.#paths;
    ctx.append("set-cookie", [
      serializeCookie(HUB_COOKIE, hubSecret, { ...kept, path: hub, httpOnly: true }),
      serializeCookie(SITE_COOKIE, siteSecret, { ...kept, path: base, httpOnly: true }),
      serializeCookie(XSRF_COOKIE, xsrf, { ...kept, path: hub, httpOnly: false }),
    ]);
  }

  clear(ctx: HubContext): void {
    const { hub, base } = this.#paths;
    ctx.append("set-cookie", [
      ...this.#clearing(ctx, HUB_COOKIE, hub),
      ...this.#clearing(ctx, SITE_COOKIE, base),
      clearCookie(XSRF_COOKIE, hub),
    ]);
    delete ctx.state.xsrfCookie;
  }

  /** Of one that came twice the other stands on a path above, such as that of a JupyterHub on another port. */
  #clearing(ctx: HubContext, name: string, path: string): readonly string[] {
    const isTwice = cookieValues(ctx.get("cookie"), name).length > 1;
    const paths = isTwice ? pathsTo(this.#paths.hub) : [path];
    return paths.map((each) => clearCookie(name, each));
  }

  /** Whether this browser has the other half of its session as well, which notebooks want. */
  isWhole(ctx: HubContext, { siteSecret }: SessionRecord): boolean {
    const secret = parseCookies(ctx.get("cookie")).get(SITE_COOKIE);
    return secret !== undefined && hashSecret(secret) === siteSecret;
  }

  /** The id of this browser, when `user` has signed in there before with the present password. */
  deviceKnownTo(ctx: HubContext, user: UserRecord | undefined): string | undefined {
    const device = this.#device(ctx);
    const isKnown = device !== undefined && user !== undefined && this.#devices.knows(device, user);
    return isKnown ? device.id : undefined;
  }

  /** After a sign-in, and when the password is another one from now on. */
  rememberDevice(ctx: HubContext, user: UserRecord): void {
    const value = this.#devices.remember(this.#device(ctx), user);
    ctx.append("set-cookie", [
      serializeCookie(DEVICE_COOKIE, value, {
        path: this.#paths.hub,
        httpOnly: true,
        secure: isSecure(ctx),
        maxAgeSeconds: DEVICE_SECONDS,
      }),
    ]);
  }

  #device(ctx: HubContext): Device | undefined {
    return this.#devices.read(parseCookies(ctx.get("cookie")).get(DEVICE_COOKIE));
  }
}

/** All cookie paths that cover `path`, which ends with a slash. */
function pathsTo(path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "");
  const above = names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
  return ["/", ...above.flatMap((each) => [each, `${each}/`])];
}

function isSecure(ctx: HubContext): boolean {
  return ctx.state.request.scheme === "https";
}
