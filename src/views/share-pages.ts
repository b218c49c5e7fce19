/** Pages about notebooks that others may open. */
import type { IsoTime } from "#src/stores/records.ts";
import type { ScopeLine } from "./scope-lines.ts";

/** What may be done with the notebook that the page is about; other scopes have their own words. */
export type ShareRight = "open" | "start" | "stop" | "look";

interface OthersNotebook {
  /** POST: goes there. */
  readonly action: string;
  /** Whose it is. */
  readonly ownerName: string;
  /** Absent: the first one, which has no name. */
  readonly serverName?: string;
  readonly isRunning: boolean;
  readonly homeUrl: string;
}

export interface SharePages {
  /** Before this browser goes into somebody else's notebook. */
  visit: OthersNotebook;
  acceptShare: OthersNotebook & {
    readonly code: string;
    readonly rights: readonly ShareRight[];
    readonly otherScopes: readonly ScopeLine[];
  };
}

export interface ShareRow {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly serverName?: string;
  /** Just opening it, as nearly always. */
  readonly opensOnly: boolean;
  readonly id: string;
}

export interface ShareLinkRow {
  readonly id: string;
  readonly serverName?: string;
  readonly created: IsoTime;
  readonly expires?: IsoTime;
  readonly uses: number;
}

/** On a person's own page: who else may open their notebook. */
export interface SharingCard {
  /** Absent: the visitor may let nobody in. */
  readonly give?: {
    /** POST: makes a link. */
    readonly linkUrl: string;
    readonly lives: readonly ShareLinkLife[];
    /** POST: lets a whole class in. */
    readonly groupUrl: string;
    readonly groups: readonly string[];
    /** Names of servers; the first is `""`. */
    readonly servers: readonly string[];
  };
  /** A teacher went in without being invited, and is inside no more. */
  readonly visited?: { readonly displayName: string; readonly at: IsoTime };
  readonly inside: readonly { readonly displayName: string; readonly lastSeen: IsoTime }[];
  readonly shares: readonly ShareRow[];
  readonly links: readonly ShareLinkRow[];
  /** POST: takes one back. */
  readonly revokeUrl: string;
  readonly revokeLinkUrl: string;
  /** Just made, and shown this once. */
  readonly fresh?: { readonly url: string };
}

export type ShareLinkLife = "hour" | "day" | "week";

/** Notebooks of others that were opened to the visitor. */
export interface SharedRow {
  readonly ownerName: string;
  readonly serverName?: string;
  readonly isRunning: boolean;
  /** GET: the page that asks first. */
  readonly url: string;
  /** POST. Absent: it was given to a class. */
  readonly giveBack?: { readonly url: string; readonly id: string };
}
