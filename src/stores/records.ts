/** The records that Homeroom keeps: JSON values, named by id; times are ISO texts. */
import type { FailureData } from "#src/errors.ts";
import type { AuditAction } from "./audit-actions.ts";

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** 16 random characters of `a-z2-7`; made by {@link "./ids.ts"} alone and never reused. */
export type Id<Kind extends string> = Branded<string, Kind>;
export type UserId = Id<"user">;
export type GroupId = Id<"group">;
export type ServerId = Id<"server">;
export type SessionId = Id<"session">;
export type InstanceId = Id<"instance">;
export type TokenId = Id<"token">;
type ShareCodeId = Id<"shareCode">;

/** The canonical form of a name, made by `parseUserName` alone. */
export type UserName = Branded<string, "UserName">;
/** SHA-256 of a 256-bit secret, in lower-case hex: what is kept of a cookie or token. */
export type SecretHash = Branded<string, "SecretHash">;

export type Role = "owner" | "teacher" | "student";
export type IsoTime = string;

export interface PasswordRecord {
  /** A PHC string of argon2id; of people who moved in from JupyterHub, bcrypt's until their first sign-in. */
  readonly hash: string;
  /** A first password is replaced by an own one at the next sign-in. */
  readonly isFirst: boolean;
  readonly changed: IsoTime;
}

export interface UserRecord {
  readonly id: UserId;
  /** Counted up from 1; the order of REST's `sort=id`. */
  readonly number: number;
  readonly name: UserName;
  readonly displayName: string;
  readonly role: Role;
  /** Absent: the account cannot sign in until a teacher makes a first password. */
  readonly password?: PasswordRecord;
  readonly created: IsoTime;
  readonly lastActivity?: IsoTime;
  readonly lastSignIn?: IsoTime;
  /** The person made the account and no teacher has said yet that they belong here. */
  readonly isNewcomer?: true;
  /** When and from where the person made the account, or chose the first password of one that was waiting. */
  readonly joined?: { readonly at: IsoTime; readonly address: string };
  /** Brought along from another server: what they were called there, and when their files came after them. */
  readonly movedIn?: {
    readonly from: "jupyterhub";
    readonly name: string;
    readonly at: IsoTime;
    readonly files?: IsoTime;
  };
  /** Set while the account is locked: nobody can sign in with it, files stay. */
  readonly disabled?: IsoTime;
  /** Set while the account is in the trash: the record and the home stay, the name is free. */
  readonly deleted?: IsoTime;
  /** With `deleted`: the classes that the person was in, for restoring. */
  readonly formerGroups?: readonly Pick<MemberRecord, "groupId" | "role">[];
  /** With `deleted`: home and record are being erased, which cannot be taken back; it goes on after a restart. */
  readonly erasing?: IsoTime;
}

/** Whether people may make accounts for themselves, as members of this class. */
export type SignUpRecord =
  | { readonly mode: "off" }
  | {
      readonly mode: "code";
      /** Kept as it is: the teacher shows it to the class. */
      readonly code: string;
      readonly opened: IsoTime;
      readonly expires?: IsoTime;
      /** Accounts that may be made with it in all. */
      readonly places?: number;
      /** Accounts that were made with it. */
      readonly taken: number;
    }
  | { readonly mode: "open"; readonly opened: IsoTime };

export interface GroupRecord {
  readonly id: GroupId;
  readonly number: number;
  readonly name: string;
  readonly created: IsoTime;
  /** Newcomers join this class; exactly one group has it. */
  readonly isDefault: boolean;
  /** The profile of its notebooks; absent: the configured default. */
  readonly profile?: string;
  readonly signUp: SignUpRecord;
  /** What programs keep about the class by the API; the hub itself reads nothing in it. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface MemberRecord {
  readonly groupId: GroupId;
  readonly userId: UserId;
  readonly role: "teacher" | "student";
}

export interface LastFailure extends FailureData {
  readonly at: IsoTime;
  /** The last lines of the container's log, newest last. */
  readonly log: readonly string[];
}

export interface ServerRecord {
  readonly id: ServerId;
  readonly userId: UserId;
  /** `""` is the default server. */
  readonly name: string;
  /** Counted up by each start; the container's secret and label follow it. */
  readonly generation: number;
  /** Set while a start was asked for and has not ended: resumed after a restart of the hub. */
  readonly startRequested?: IsoTime;
  readonly started?: IsoTime;
  readonly lastActivity?: IsoTime;
  readonly lastFailure?: LastFailure;
  /** What was asked for at its last start (`user_options`). */
  readonly options: Readonly<Record<string, unknown>>;
  /** The last time that a teacher went in who was not invited. */
  readonly visited?: { readonly by: UserId; readonly at: IsoTime };
  /** As people see it; absent: its name. */
  readonly displayName?: string;
  /** `own`: its files are its alone; absent: it has those of its person. */
  readonly home?: "own";
  /** Set while it is being deleted, which goes on after a restart of the hub. */
  readonly removing?: IsoTime;
}

export interface SessionRecord {
  readonly id: SessionId;
  readonly userId: UserId;
  /** Hash of the `jupyterhub-hub-login` cookie (opens hub pages). */
  readonly hubSecret: SecretHash;
  /** Hash of the `jupyterhub-session-id` cookie (opens `/user/…`). */
  readonly siteSecret: SecretHash;
  readonly created: IsoTime;
  readonly lastSeen: IsoTime;
  /** Signed in with a first password: only choosing an own one is open. */
  readonly mustChangePassword: boolean;
  /** The browser in words, from its User-Agent. */
  readonly device: string;
  readonly address: string;
  /** The own computer: the cookies outlive the browser, and only the greatest age ends the session. */
  readonly isKept?: true;
  /** Sign-ins of other browsers up to then were shown here, and are known. */
  readonly othersSeen?: IsoTime;
  /** Set while it is in somebody else's notebook: until the password is given again, it opens nothing else. */
  readonly visits?: { readonly userId: UserId; readonly serverName: string };
}

/** An API token: of a person, or of a service that the configuration names. */
export interface TokenRecord {
  readonly id: TokenId;
  /** Counted up from 1; `a5` in JupyterHub's API. */
  readonly number: number;
  readonly userId?: UserId;
  readonly service?: string;
  readonly secret: SecretHash;
  readonly note: string;
  /** What it may at most; people and classes in filters stand by id. `inherit`: all that its person may. */
  readonly scopes: readonly string[];
  readonly created: IsoTime;
  readonly expires?: IsoTime;
  readonly lastActivity?: IsoTime;
  /** The OAuth client that it was given to. */
  readonly client?: string;
  /** It ends with that session. */
  readonly session?: SessionId;
  /** A server's own: it ends with that server's generation. */
  readonly server?: ServerId;
  /** Who made it, when it was not its own person. */
  readonly madeBy?: AuditRecord["actor"];
}

/** Somebody, or a class, may open another person's server. */
export interface ShareRecord {
  readonly ownerId: UserId;
  readonly serverId: ServerId;
  readonly with:
    | { readonly kind: "user"; readonly id: UserId }
    | { readonly kind: "group"; readonly id: GroupId };
  /** Names alone: each is about this server. */
  readonly scopes: readonly string[];
  readonly created: IsoTime;
}

/** Whoever has the code may take the share. */
export interface ShareCodeRecord {
  readonly id: ShareCodeId;
  /** Counted up from 1; `sc_5` in JupyterHub's API. */
  readonly number: number;
  readonly ownerId: UserId;
  readonly serverId: ServerId;
  readonly secret: SecretHash;
  /** As in a share. */
  readonly scopes: readonly string[];
  readonly created: IsoTime;
  readonly expires?: IsoTime;
  readonly exchangeCount: number;
  readonly lastExchanged?: IsoTime;
}

export interface AuditRecord {
  readonly at: IsoTime;
  readonly action: AuditAction;
  /** Who: a user's id, or who stands behind the control socket. */
  readonly actor: UserId | "console" | "hub" | "service" | "anonymous";
  /** The name at that time; empty when the person was erased since. */
  readonly actorName: string;
  readonly subject?: UserId;
  /** As `actorName`. */
  readonly subjectName?: string;
  readonly address?: string;
  readonly request?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

/** One row for the whole database, written with every batch. */
export interface MetaRecord {
  readonly schema: number;
  readonly nextUserNumber: number;
  readonly nextGroupNumber: number;
  readonly nextAuditNumber: number;
  /** Absent: there was no token yet. */
  readonly nextTokenNumber?: number;
  /** Absent: there was no share code yet. */
  readonly nextShareCodeNumber?: number;
}

/** What the collections hold. Keys are texts; see each line. */
export interface Collections {
  /** key `meta` */
  readonly meta: MetaRecord;
  /** key user id */
  readonly users: UserRecord;
  /** key canonical name → id of the living user */
  readonly names: { readonly userId: UserId };
  /** key group id */
  readonly groups: GroupRecord;
  /** key `groupId!userId` */
  readonly members: MemberRecord;
  /** key `userId!serverId` */
  readonly servers: ServerRecord;
  /** key session id */
  readonly sessions: SessionRecord;
  /** key token id */
  readonly tokens: TokenRecord;
  /** key `ownerId!serverId!` and the id of the person or class */
  readonly shares: ShareRecord;
  /** key share code id */
  readonly shareCodes: ShareCodeRecord;
  /** key: what the setting is called */
  readonly settings: { readonly value: unknown };
}
export type CollectionName = keyof Collections;
