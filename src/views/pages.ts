/** Every page and the model it is rendered with. Texts are not here: templates take them from the catalogue. */
import type { FailureData } from "#src/errors.ts";
import type { Check, CheckStatus } from "#src/services/box/findings.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { IsoTime, LastFailure, Role } from "#src/stores/records.ts";
import type { AccountPages, DeviceRow } from "./account-pages.ts";
import type { PeoplePages } from "./people-pages.ts";
import type { SharedRow, SharePages, SharingCard } from "./share-pages.ts";
import type { NamedServers, NewServer, ServerPages } from "./server-pages.ts";
import type { Newcomers, SignUpPages } from "./sign-up-pages.ts";

/** What every page has around its model. URLs in models are complete (base path included) and encoded. */
export interface Frame {
  readonly boxTitle: string;
  /** What comments call `{B}` and `{H}`. */
  readonly basePath: string;
  readonly hubPath: string;
  readonly language: string;
  readonly theme: "system" | "light" | "dark";
  readonly requestId: string;
  /** Value for hidden `_xsrf` fields of this visitor. */
  readonly xsrf: string;
  /** Absent when nobody is signed in. */
  readonly visitor?: { readonly name: string; readonly displayName: string; readonly role: Role };
  /** The entry of the main navigation that this page belongs to. */
  readonly nav?: "home" | "class" | "people" | "account";
}

/** Problems of a form: what is wrong in all, and by field. */
export interface FormProblems {
  readonly form?: FailureData;
  readonly fields: Readonly<Record<string, FailureData>>;
}

export interface NotebookCard {
  readonly name: string;
  readonly displayName: string;
  /** What it is called; absent: the first one. */
  readonly title?: string;
  readonly status: ServerStatus;
  /** GET: opens it, and starts it when it sleeps (the visitor's own only). */
  readonly openUrl: string;
  /** POST: starts it without leaving the page. */
  readonly startUrl: string;
  /** POST: stops it, or cancels its start. */
  readonly stopUrl: string;
  /** POST: forgets nothing, stops and starts again. */
  readonly restartUrl: string;
}

export interface ClassRow {
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
  readonly status: ServerStatus;
  /** Has a first password that was never changed, or none. */
  readonly neverSignedIn: boolean;
  /** Made the account themselves, and no teacher has said yet that they belong here. */
  readonly isNewcomer?: true;
  readonly isLocked?: true;
  readonly lastActivity?: IsoTime;
  readonly usage?: {
    readonly memoryBytes: number;
    readonly memoryLimitBytes: number;
    readonly cpuPercent: number;
  };
  /** Those of the person's other notebooks that do something or could not start; absent: none. */
  readonly named?: readonly ClassServer[];
  /** What the visitor may do with this person. */
  readonly may: {
    readonly server: boolean;
    readonly reset: boolean;
    readonly log: boolean;
  };
  readonly urls: {
    /** The person's page; absent when the visitor may not see it. */
    readonly person?: string;
    readonly start: string;
    readonly stop: string;
    readonly log: string;
    readonly reset: string;
  };
}

/** A notebook besides a person's first one. */
export interface ClassServer {
  readonly title: string;
  readonly status: ServerStatus;
  /** POST: stops it, or cancels its start. */
  readonly stopUrl: string;
}

/** How the box is, for those who keep it. */
export interface HealthLine {
  readonly url: string;
  /** Absent: the box is well. */
  readonly worst?: Check;
  /** How many other things are wrong. */
  readonly more?: number;
}

interface FirstPasswordCard {
  readonly displayName: string;
  readonly name: string;
  readonly password: string;
}

/** One line of a pasted list, as it would be added. */
interface AddPreviewRow {
  readonly line: number;
  readonly displayName: string;
  readonly name: string;
  readonly problem?: FailureData;
}

export interface Pages extends AccountPages, SignUpPages, PeoplePages, ServerPages, SharePages {
  setup: {
    readonly action: string;
    readonly values: {
      readonly code: string;
      readonly username: string;
      readonly displayName: string;
    };
    readonly problems: FormProblems;
    readonly minLength: number;
  };
  login: {
    /** Keeps `next`. */
    readonly action: string;
    readonly username: string;
    /** While there is a class that takes people in. */
    readonly signUpUrl?: string;
    /** The box for an own computer is ticked. */
    readonly keeps?: boolean;
    /** This browser is in somebody else's notebook, and opens nothing else. */
    readonly visiting?: { readonly ownerName: string; readonly backUrl?: string };
    readonly problem?: FailureData;
    /** After a sign-out, a reset or the end of a session. */
    readonly notice?: "signed_out" | "session_ended" | "setup_done";
  };
  first: {
    readonly action: string;
    readonly displayName: string;
    readonly minLength: number;
    readonly problems: FormProblems;
  };
  home: {
    readonly notebook: NotebookCard;
    readonly health?: HealthLine;
    readonly eventsUrl: string;
    /** When there may be such, or are. */
    readonly named?: NamedServers;
    readonly newServer?: NewServer;
    readonly notice?: "password_changed" | "notebook_stopped";
    /** The account was used in another browser since this visitor signed in here. */
    readonly others?: {
      /** The newest first. */
      readonly rows: readonly DeviceRow[];
      /** POST: all of them are known. */
      readonly seenUrl: string;
      readonly accountUrl: string;
    };
    /** Who else may open the visitor's notebooks. */
    readonly sharing?: SharingCard;
    /** What others opened to the visitor. */
    readonly shared?: readonly SharedRow[];
  };
  waiting: {
    readonly notebook: NotebookCard;
    /** Whether the visitor waits for the own notebook (a teacher may look at a student's). */
    readonly own: boolean;
    /** Where it goes by itself when the notebook answers. */
    readonly nextUrl: string;
    readonly eventsUrl: string;
    /** JupyterHub's progress stream, for its clients. */
    readonly progressUrl: string;
    readonly homeUrl: string;
  };
  asleep: {
    readonly own: boolean;
    readonly displayName: string;
    /** GET: starts it and comes back to the same file. */
    readonly openUrl: string;
    readonly homeUrl: string;
    readonly lastFailure?: LastFailure;
  };
  health: {
    readonly checks: readonly Check[];
    readonly worst: CheckStatus;
    /** POST: looks again. */
    readonly action: string;
    /** POST: the note about a restored database was read. Absent when there is none. */
    readonly noticeAction?: string;
    readonly notice?: "read";
  };
  logout: { readonly action: string };
  message: {
    readonly status: number;
    readonly failure: FailureData;
    /** Which of the failure's two sentences. */
    readonly reader: "student" | "teacher";
    readonly action?: { readonly href: string; readonly label: "home" | "sign_in" | "try_again" };
  };
  class: {
    readonly newcomers: Newcomers;
    readonly signUpUrl: string;
    readonly rows: readonly ClassRow[];
    /** `running` and `queued` count notebooks. */
    readonly tiles: { readonly people: number; readonly running: number; readonly queued: number };
    readonly eventsUrl: string;
    readonly health?: HealthLine;
    readonly addUrl: string;
    /** What keeps notebooks from starting now, such as Docker being down. */
    readonly trouble?: FailureData;
    readonly notice?: "server_stopped" | "server_started" | "person_accepted" | "person_refused";
  };
  addPeople: {
    readonly action: string;
    readonly previewAction: string;
    readonly values: {
      readonly displayName: string;
      readonly username: string;
      readonly list: string;
      readonly role: "student" | "teacher" | "owner";
    };
    readonly mayAddStaff: boolean;
    readonly problems: FormProblems;
    /** After a pasted list: what would be added. */
    readonly preview?: readonly AddPreviewRow[];
  };
  firstPasswords: {
    readonly cards: readonly FirstPasswordCard[];
    /** Rows of a list that were not added. */
    readonly refused: readonly AddPreviewRow[];
    readonly reason: "added" | "reset";
    /** Where people sign in, for the cards. */
    readonly address: string;
    /** Where the visitor came from. */
    readonly back: "class" | "person";
    readonly backUrl: string;
  };
  /** A first-password page that was already shown. */
  shownOnce: { readonly backUrl: string };
  log: {
    readonly name: string;
    readonly displayName: string;
    readonly status: ServerStatus;
    readonly lines: readonly string[];
    readonly lastFailure?: LastFailure;
    /** Of a notebook that has a name; absent: of the first one. */
    readonly title?: string;
    readonly refreshUrl: string;
    readonly backUrl: string;
  };
}

export type PageName = keyof Pages;

/** Fragments that are sent over an event stream to a page that shows them. */
export interface Parts {
  notebookStatus: Pages["home"]["notebook"];
  waitingStatus: Pages["waiting"];
  namedServers: NamedServers;
  newcomers: Newcomers;
  classRow: ClassRow;
  classTiles: Pages["class"]["tiles"];
}
export type PartName = keyof Parts;

/** Made by views/render.ts. */
export interface Views {
  page<Name extends PageName>(name: Name, model: Pages[Name], frame: Frame): string;
  part<Name extends PartName>(name: Name, model: Parts[Name], frame: Frame): string;
  /** The visitor's language: from the account, else the best of Accept-Language, else the box's. */
  chooseLanguage(wanted: string | undefined, acceptLanguage: string | undefined): string;
}
