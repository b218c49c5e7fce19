/** What can be asked for on the command line. */
import type { FlagOption } from "#src/config/command-line.ts";

export const roles = ["owner", "teacher", "student"] as const;
export type RoleName = (typeof roles)[number];

/** Commands with a page of help of their own. */
export const helpTopics = [
  "user",
  "audit",
  "sign-up",
  "doctor",
  "reset-owner",
  "token",
  "import",
] as const;
export type HelpTopic = (typeof helpTopics)[number];

export type Command =
  | { readonly command: "serve" }
  | { readonly command: "check-config" }
  | { readonly command: "help"; readonly topic: "all" | HelpTopic }
  | { readonly command: "version" }
  | { readonly command: "health" }
  | { readonly command: "setup-code" }
  | { readonly command: "stop-notebooks" }
  | { readonly command: "status"; readonly json: boolean }
  | DoctorCommand
  | ResetOwnerCommand
  | AuditCommand
  | SignUpCommand
  | ImportCommand
  | TokenCommand
  | UserCommand;

export interface DoctorCommand {
  readonly command: "doctor";
  readonly json: boolean;
  /** The script's own checks come on standard input. */
  readonly outside: boolean;
}

export interface ResetOwnerCommand {
  readonly command: "reset-owner";
  readonly name?: string;
}

export type TokenCommand =
  | {
      readonly command: "token";
      readonly name: string;
      /** Absent: all that the person may. */
      readonly scopes?: readonly string[];
      /** Seconds; absent: until it is revoked. */
      readonly expiresIn?: number;
      readonly note?: string;
    }
  | { readonly command: "token"; readonly service: string };

export interface AuditCommand {
  readonly command: "audit";
  readonly about?: string;
  /** Absent: what is usual for the form; for `csv`, all there is. */
  readonly limit?: number;
  readonly form: "table" | "csv" | "json";
}

/** Each reads a tar on standard input, but the list of homes. */
export type ImportCommand =
  | {
      readonly command: "import jupyterhub";
      /** What an admin becomes. */
      readonly admins: RoleName;
      readonly apply: boolean;
      readonly json: boolean;
    }
  | { readonly command: "import homes" }
  | { readonly command: "import home"; readonly name: string };

export interface SignUpCommand {
  readonly command: "sign-up";
  /** Absent: only tells how it is. */
  readonly mode?: "off" | "code" | "open";
  readonly hours?: number;
  readonly places?: number;
  /** Name or id of the class; absent: the one that newcomers join. */
  readonly className?: string;
  readonly json: boolean;
}

/** What one word names, and nothing else is said of. */
type SimpleUserCommand = "reset" | "remove" | "disable" | "enable" | "accept" | "sign-out";

export type UserCommand =
  | {
      readonly command: "user add";
      readonly name: string;
      readonly displayName?: string;
      readonly role?: RoleName;
      readonly passwordFromInput: boolean;
    }
  | { readonly command: "user list"; readonly json: boolean; readonly trash: boolean }
  | { readonly command: "user show"; readonly name: string; readonly json: boolean }
  | {
      readonly command: "user rename";
      readonly name: string;
      readonly newName?: string;
      readonly displayName?: string;
    }
  | { readonly command: "user role"; readonly name: string; readonly role: RoleName }
  | { readonly command: "user restore"; readonly name: string; readonly as?: string }
  | { readonly command: "user erase"; readonly name: string; readonly confirm?: string }
  | {
      [Name in SimpleUserCommand]: { readonly command: `user ${Name}`; readonly name: string };
    }[SimpleUserCommand];

export type ParsedCommand = Command | { readonly problem: string };

export const commandFlags = {
  display: { type: "string" },
  role: { type: "string" },
  "password-stdin": { type: "boolean" },
  as: { type: "string" },
  confirm: { type: "string" },
  trash: { type: "boolean" },
  about: { type: "string" },
  limit: { type: "string" },
  csv: { type: "boolean" },
  hours: { type: "string" },
  places: { type: "string" },
  class: { type: "string" },
  scopes: { type: "string" },
  "expires-in": { type: "string" },
  note: { type: "string" },
  service: { type: "string" },
  admins: { type: "string" },
  apply: { type: "boolean" },
  outside: { type: "boolean" },
  json: { type: "boolean" },
  "check-config": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const satisfies Readonly<Record<string, FlagOption>>;

export type FlagName = keyof typeof commandFlags;
export type FlagValues = Partial<Record<FlagName, string | boolean>>;

export interface Arguments {
  readonly words: readonly string[];
  readonly flags: FlagValues;
}

export function isProblem(value: unknown): value is { readonly problem: string } {
  return typeof value === "object" && value !== null && "problem" in value;
}
