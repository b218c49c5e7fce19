/**
 * Which browsers have signed in well as whom: a cookie that each of them carries, so that misses of others behind
 * the same address do not count for it. It opens nothing.
 *
 * The value is an id of the browser and, for each account, a tag that only this box can make of browser, account
 * and present password. So it says nothing about who it was, a tag is worth nothing in another browser or for
 * another account, and none outlives its password: whoever knew the old one is a stranger again.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { UserRecord } from "#src/stores/records.ts";

/** A computer room's machine sees many people; the one who was not there for the longest time is forgotten. */
const MAX_ACCOUNTS = 40;
const TAG_LENGTH = 12;
const VALUE = /^([\w-]{22})((?:\.[\w-]{12}){0,40})$/;

export interface Device {
  /** 128 random bits. */
  readonly id: string;
  /** The last sign-in first. */
  readonly tags: readonly string[];
}

export class KnownDevices {
  readonly #key: Buffer;

  constructor(instanceKey: string) {
    this.#key = createHash("sha256").update(`devices ${instanceKey}`).digest();
  }

  /** What a cookie says; anything that is not one of ours says nothing. */
  read(cookie: string | undefined): Device | undefined {
    const [, id, tags] = VALUE.exec(cookie ?? "") ?? [];
    return id === undefined ? undefined : { id, tags: (tags ?? "").split(".").slice(1) };
  }

  /** Whether this person signed in there with the present password. */
  knows(device: Device, user: UserRecord): boolean {
    const own = Buffer.from(this.#tag(device.id, user));
    return device.tags.some((tag) => timingSafeEqual(Buffer.from(tag), own));
  }

  /** The cookie of a browser in which this person has just signed in. */
  remember(device: Device | undefined, user: UserRecord): string {
    const id = device?.id ?? randomBytes(16).toString("base64url");
    const own = this.#tag(id, user);
    const others = (device?.tags ?? []).filter((tag) => tag !== own);
    return [id, own, ...others.slice(0, MAX_ACCOUNTS - 1)].join(".");
  }

  #tag(id: string, user: UserRecord): string {
    const text = `${id} ${user.id} ${user.password?.changed ?? ""}`;
    return createHmac("sha256", this.#key).update(text).digest("base64url").slice(0, TAG_LENGTH);
  }
}
