/** The models of the pages about a visitor's own account: where it is signed in, its tokens, and programs that ask. */
import type { FailureData } from "#src/errors.ts";
import type { IsoTime } from "#src/stores/records.ts";
import type { FormProblems } from "./pages.ts";
import type { ScopeLine } from "./scope-lines.ts";

/** One session of a person. */
export interface DeviceRow {
  /** The browser in words. */
  readonly device: string;
  readonly address: string;
  readonly created: IsoTime;
  readonly lastSeen: IsoTime;
  /** The one that looks at the page: it has no button. */
  readonly isThis: boolean;
  /** Stays signed in when the browser is closed. */
  readonly isKept: boolean;
  /** POST: ends it. */
  readonly endUrl: string;
}

/** An API token in the list of its person. */
interface TokenRow {
  readonly id: string;
  readonly note: string;
  readonly created: string;
  readonly expires?: string;
  readonly lastUsed?: string;
  /** Absent: all that the person may. */
  readonly scopes?: readonly ScopeLine[];
  /** Absent: the person it is for. */
  readonly madeBy?: TokenMaker;
  readonly revokeUrl: string;
}

/** Who made a token for somebody else. `erased`: nobody knows any more. */
export type TokenMaker =
  | { readonly is: "person"; readonly name: string }
  | { readonly is: "console" | "service" | "erased" };

export type TokenLife = "hour" | "day" | "week" | "month" | "year" | "never";

export interface AccountPages {
  account: {
    readonly changeUrl: string;
    readonly signOutEverywhereUrl: string;
    readonly minLength: number;
    readonly problems: FormProblems;
    readonly saved: boolean;
    /** A session was ended. */
    readonly ended: boolean;
    /** Sessions of this person, this one first. */
    readonly devices: readonly DeviceRow[];
    readonly tokensUrl: string;
  };
  tokens: {
    /** POST: makes one. */
    readonly action: string;
    readonly accountUrl: string;
    /** How long a new one may last. */
    readonly lives: readonly TokenLife[];
    /** What stands in the form. */
    readonly note: string;
    readonly life: TokenLife;
    readonly revoked: boolean;
    readonly tokens: readonly TokenRow[];
    /** Just made, and shown this once. */
    readonly fresh?: { readonly token: string; readonly note: string };
    readonly problem?: FailureData;
  };
  /** Before a program of the configuration learns who somebody is. */
  authorize: {
    /** POST: agrees, and goes back there. */
    readonly action: string;
    readonly service: string;
    /** Where it is. */
    readonly host: string;
    /** What it may do besides. */
    readonly scopes: readonly ScopeLine[];
    readonly homeUrl: string;
  };
}
