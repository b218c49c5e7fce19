/** What each command takes: words and flags, and how a command is made of them. */
import {
  type FlagName,
  type FlagValues,
  isProblem,
  type ParsedCommand,
  type RoleName,
  roles,
} from "./command.ts";

/** What a command takes. */
export interface Form {
  /** Names of its words; a `?` behind one says that it may be left out. */
  readonly words?: readonly string[];
  readonly flags?: readonly FlagName[];
  read(words: readonly string[], flags: FlagValues): ParsedCommand;
}

export const forms: Readonly<Record<string, Form>> = {
  serve: { read: () => ({ command: "serve" }) },
  "setup-code": { read: () => ({ command: "setup-code" }) },
  "stop-notebooks": { read: () => ({ command: "stop-notebooks" }) },
  health: { read: () => ({ command: "health" }) },
  status: {
    flags: ["json"],
    read: (_words, flags) => ({ command: "status", json: flags.json === true }),
  },
  doctor: {
    flags: ["json", "outside"],
    read: (_words, flags) => ({
      command: "doctor",
      json: flags.json === true,
      outside: flags.outside === true,
    }),
  },
  "reset-owner": {
    words: ["name?"],
    read: ([name]) => ({ command: "reset-owner", ...(name === undefined ? {} : { name }) }),
  },
  token: {
    words: ["name?"],
    flags: ["scopes", "expires-in", "note", "service"],
    read: readToken,
  },
  audit: { flags: ["about", "limit", "csv", "json"], read: readAudit },
  "sign-up": {
    words: ["mode?"],
    flags: ["hours", "places", "class", "json"],
    read: readSignUp,
  },
  "import jupyterhub": {
    flags: ["admins", "apply", "json"],
    read: (_words, flags) => {
      const admins = readRole(flags.admins, "import jupyterhub: --admins");
      if (isProblem(admins)) return admins;
      return {
        command: "import jupyterhub",
        admins: admins ?? "teacher",
        apply: flags.apply === true,
        json: flags.json === true,
      };
    },
  },
  "import homes": { read: () => ({ command: "import homes" }) },
  "import home": { words: ["name"], read: ([name = ""]) => ({ command: "import home", name }) },
  "user list": {
    flags: ["json", "trash"],
    read: (_words, flags) => ({
      command: "user list",
      json: flags.json === true,
      trash: flags.trash === true,
    }),
  },
  "user add": {
    words: ["name"],
    flags: ["display", "role", "password-stdin"],
    read: ([name = ""], flags) => {
      const role = readRole(flags.role);
      if (isProblem(role)) return role;
      return {
        command: "user add",
        name,
        ...textFlag("displayName", flags.display),
        ...(role === undefined ? {} : { role }),
        passwordFromInput: flags["password-stdin"] === true,
      };
    },
  },
  "user show": {
    words: ["name"],
    flags: ["json"],
    read: ([name = ""], flags) => ({ command: "user show", name, json: flags.json === true }),
  },
  "user rename": {
    words: ["name", "new name?"],
    flags: ["display"],
    read: ([name = "", newName], flags) =>
      newName === undefined && flags.display === undefined
        ? { problem: "user rename: say the new user name, or --display=TEXT, or both" }
        : {
            command: "user rename",
            name,
            ...(newName === undefined ? {} : { newName }),
            ...textFlag("displayName", flags.display),
          },
  },
  "user role": {
    words: ["name", "role"],
    read: ([name = "", text]) => {
      const role = readRole(text, "user role");
      if (isProblem(role) || role === undefined) return role ?? { problem: "user role" };
      return { command: "user role", name, role };
    },
  },
  "user restore": {
    words: ["name"],
    flags: ["as"],
    read: ([name = ""], flags) => ({ command: "user restore", name, ...textFlag("as", flags.as) }),
  },
  "user erase": {
    words: ["name"],
    flags: ["confirm"],
    read: ([name = ""], flags) => ({
      command: "user erase",
      name,
      ...textFlag("confirm", flags.confirm),
    }),
  },
  ...Object.fromEntries(
    (["reset", "remove", "disable", "enable", "accept", "sign-out"] as const).map((verb) => [
      `user ${verb}`,
      {
        words: ["name"],
        read: ([name = ""]) => ({ command: `user ${verb}`, name }),
      } satisfies Form,
    ]),
  ),
};

function readToken(
  [name]: readonly string[],
  { service, scopes, note, ...flags }: FlagValues,
): ParsedCommand {
  if (typeof service === "string") {
    const isAlone = name === undefined && scopes === undefined && note === undefined;
    return isAlone && flags["expires-in"] === undefined
      ? { command: "token", service }
      : { problem: "token: --service stands alone" };
  }
  if (name === undefined) return { problem: "token: the name is missing" };
  const expiresIn = readNumber("expires-in", flags["expires-in"], { whole: true });
  if (isProblem(expiresIn)) return expiresIn;
  const list =
    typeof scopes === "string" ? scopes.split(",").map((text) => text.trim()) : undefined;
  return {
    command: "token",
    name,
    ...(list === undefined ? {} : { scopes: list }),
    ...(expiresIn === undefined ? {} : { expiresIn }),
    ...(typeof note === "string" ? { note } : {}),
  };
}

function readAudit(_words: readonly string[], flags: FlagValues): ParsedCommand {
  if (flags.csv === true && flags.json === true) {
    return { problem: "audit: --csv or --json, not both" };
  }
  const limit = readNumber("limit", flags.limit, { whole: true });
  if (isProblem(limit)) return limit;
  const form = flags.csv === true ? "csv" : flags.json === true ? "json" : "table";
  return {
    command: "audit",
    ...textFlag("about", flags.about),
    ...(limit === undefined ? {} : { limit }),
    form,
  };
}

function readSignUp([mode]: readonly string[], flags: FlagValues): ParsedCommand {
  if (mode !== undefined && mode !== "off" && mode !== "code" && mode !== "open") {
    return { problem: `sign-up: “${mode}” must be off, code or open` };
  }
  const hours = readNumber("hours", flags.hours, { whole: false });
  const places = readNumber("places", flags.places, { whole: true });
  if (isProblem(hours)) return hours;
  if (isProblem(places)) return places;
  if (mode !== "code" && (hours !== undefined || places !== undefined)) {
    return { problem: "sign-up: --hours and --places belong to a code: sign-up code" };
  }
  return {
    command: "sign-up",
    ...(mode === undefined ? {} : { mode }),
    ...(hours === undefined ? {} : { hours }),
    ...(places === undefined ? {} : { places }),
    ...textFlag("className", flags.class),
    json: flags.json === true,
  };
}

function readNumber(
  flag: FlagName,
  text: string | boolean | undefined,
  { whole }: { readonly whole: boolean },
): number | undefined | { readonly problem: string } {
  if (text === undefined) return undefined;
  const pattern = whole ? /^[1-9]\d{0,8}$/ : /^\d{1,6}(?:\.\d{1,3})?$/;
  const value = Number(text);
  if (typeof text === "string" && pattern.test(text) && value > 0) return value;
  const kind = whole ? "a whole number above 0" : "a number above 0";
  return { problem: `--${flag}: “${text}” must be ${kind}` };
}

function readRole(
  text: string | boolean | undefined,
  where = "--role",
): RoleName | undefined | { readonly problem: string } {
  if (text === undefined) return undefined;
  const role = roles.find((name) => name === text);
  return role ?? { problem: `${where}: “${text}” must be owner, teacher or student` };
}

function textFlag<Name extends string>(
  name: Name,
  value: string | boolean | undefined,
): { readonly [Key in Name]?: string } {
  // What a computed key has for its type.
  return (typeof value === "string" ? { [name]: value } : {}) as {
    readonly [Key in Name]?: string;
  };
}
