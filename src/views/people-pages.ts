/** The models of the pages about people and what happened to them. */
import type { FailureData } from "#src/errors.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Usage } from "#src/services/servers/home-usage.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type { IsoTime, LastFailure, Role } from "#src/stores/records.ts";
import type { DeviceRow } from "./account-pages.ts";
import type { FormProblems } from "./pages.ts";
import type { NamedServers } from "./server-pages.ts";

/** Where an account stands. */
export type AccountState = "active" | "first_password" | "no_password" | "locked" | "newcomer";

export interface RosterRow {
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
  readonly classes: readonly string[];
  readonly state: AccountState;
  readonly lastSignIn?: IsoTime;
  /** The person's page; absent when the visitor may not see it. */
  readonly url?: string;
}

/** Whom a line of the audit names; those who were erased have no name any more. */
export type AuditWho =
  | { readonly is: "person"; readonly name: string }
  | { readonly is: "erased" | "console" | "hub" | "anonymous" };

export interface AuditLine {
  readonly at: IsoTime;
  readonly action: AuditAction;
  readonly by: AuditWho;
  /** Absent when it is the person whom the page is about, or nobody. */
  readonly about?: AuditWho;
  readonly address?: string;
  readonly request?: string;
  /** Told once for so many: of a guesser, say. */
  readonly times?: number;
  /** Whose session it was about. */
  readonly device?: string;
  /** The password was right, but the account was locked. */
  readonly wasLocked?: true;
  readonly roles?: { readonly oldRole: Role; readonly newRole: Role };
  /** User names, then names as people write them: what was, and what is. */
  readonly names?: readonly { readonly oldName: string; readonly newName: string }[];
  /** The class that it was about. */
  readonly group?: string;
  /** The notebook that it was about; absent: the first one. */
  readonly server?: string;
}

export interface TrashRow {
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
  readonly classes: readonly string[];
  readonly deleted: IsoTime;
  readonly by?: AuditWho;
  readonly isErasing: boolean;
  readonly restoreUrl: string;
  /** Absent for those who may not erase. */
  readonly eraseUrl?: string;
}

/** Those of a person's notebooks that run, start or wait for it; the first one has no title. */
export type OpenNotebooks = readonly { readonly title?: string }[];

export interface PeoplePages {
  roster: {
    readonly rows: readonly RosterRow[];
    readonly urls: {
      readonly add: string;
      readonly trash: string;
      readonly signUp: string;
      readonly csv: string;
    };
    readonly notice?: "person_removed" | "role_changed";
    /** What was asked for about somebody could not be done, and their page cannot say so. */
    readonly problem?: FailureData;
  };
  person: {
    readonly name: string;
    readonly displayName: string;
    readonly role: Role;
    readonly isSelf: boolean;
    readonly state: AccountState;
    readonly classes: readonly string[];
    readonly created: IsoTime;
    /** Absent when it is too long ago to be found. */
    readonly createdBy?: AuditWho;
    readonly lastSignIn?: IsoTime;
    /** The person made the account. */
    readonly joined?: { readonly at: IsoTime; readonly address: string };
    /** When the account was locked. */
    readonly lockedSince?: IsoTime;
    readonly status: ServerStatus;
    readonly open: OpenNotebooks;
    /** Also while it starts or runs again. */
    readonly lastFailure?: LastFailure;
    /** Absent: the visitor may not read it. */
    readonly log?: { readonly lines: readonly string[]; readonly failure?: FailureData };
    readonly usage: Usage;
    /** Absent: not for the visitor to see. */
    readonly devices?: readonly DeviceRow[];
    readonly audit: readonly AuditLine[];
    readonly values: {
      readonly username: string;
      readonly displayName: string;
      readonly role: Role;
    };
    readonly problems: FormProblems;
    /** What else was refused. */
    readonly problem?: FailureData;
    readonly notice?: PersonNotice;
    /** Notebooks that run and that the visitor may look into; the first has no name. GET: the page that asks. */
    /** Notebooks besides the first one, which the visitor may stop and delete. */
    readonly named?: NamedServers;
    readonly visits?: readonly { readonly name: string; readonly url: string }[];
    readonly may: {
      readonly server: boolean;
      readonly reset: boolean;
      readonly rename: boolean;
      readonly lock: boolean;
      readonly role: boolean;
      readonly remove: boolean;
      readonly accept: boolean;
      readonly sessions: boolean;
    };
    /** Tells a person apart from whoever gets the name next. */
    readonly id: string;
    readonly urls: {
      readonly self: string;
      readonly people: string;
      readonly account: string;
      readonly start: string;
      readonly stop: string;
      readonly log: string;
      readonly reset: string;
      readonly rename: string;
      readonly disable: string;
      readonly enable: string;
      readonly role: string;
      readonly accept: string;
      readonly refuse: string;
      readonly remove: string;
      readonly signOut: string;
    };
  };
  removePerson: {
    readonly action: string;
    readonly id: string;
    readonly name: string;
    readonly displayName: string;
    readonly open: OpenNotebooks;
    readonly backUrl: string;
    readonly problem?: FailureData;
  };
  trash: {
    readonly rows: readonly TrashRow[];
    readonly peopleUrl: string;
    readonly notice?: "person_erased" | "person_erasing";
    readonly problem?: FailureData;
  };
  restorePerson: {
    readonly action: string;
    readonly name: string;
    readonly displayName: string;
    /** Whether somebody else has the user name now. */
    readonly isTaken: boolean;
    /** What stands in the field for another user name. */
    readonly value: string;
    readonly problems: FormProblems;
    readonly backUrl: string;
  };
  erasePerson: {
    readonly action: string;
    readonly name: string;
    readonly displayName: string;
    readonly value: string;
    readonly usage: Usage;
    readonly problems: FormProblems;
    readonly backUrl: string;
  };
}

export const personNotices = [
  "renamed",
  "disabled",
  "enabled",
  "role_changed",
  "restored",
  "signed_out",
  "session_ended",
  "server_started",
  "server_stopped",
] as const;
export type PersonNotice = (typeof personNotices)[number];
