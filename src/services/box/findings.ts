/**
 * What the checks of the box can find, in one table: how bad it is, what is said of it, and what to do. Placeholders
 * are checked by type, as in the table of failures.
 */
import { type FailureCode, type FailureData, failureText } from "#src/errors.ts";

export const findings = {
  docker_fine: { status: "ok", text: "Docker {version} answers." },
  docker_old: {
    status: "warning",
    text: "Docker {version} answers; Homeroom is tried with {least} and later.",
    advice: "Bring Docker up to date.",
  },

  images_fine: { status: "ok", text: "What notebooks are made of is there: {images}." },
  images_missing: {
    status: "bad",
    text: "Notebooks cannot start from what is not on this box: {images}.",
    advice:
      "./homeroom up builds Homeroom's own image; any other is fetched with docker pull or docker load.",
  },

  images_foreign: {
    status: "warning",
    text: "Made for another kind of processor, so that notebooks hardly start from it: {images}.",
    advice:
      "Fetch or build it on this box itself: docker pull takes the fitting one, where there is one.",
  },

  pool_fine: {
    status: "ok",
    text: "The private networks ({pool}) keep clear of this box's own; {free} of {places} are free.",
  },
  pool_nearly_used: {
    status: "warning",
    text: "Only {free} of {places} private networks of the pool {pool} are free.",
    advice: "Choose a larger pool with HOMEROOM_POOL.",
  },
  pool_unknown: {
    status: "warning",
    text: "Whether the private networks ({pool}) keep clear of this box's own cannot be told: that takes the notebook's image.",
    advice: "Build it with ./homeroom up, then look again.",
  },

  disk_fine: { status: "ok", text: "{free} of {total} are free." },
  disk_low: {
    status: "warning",
    text: "Only {free} of {total} are free.",
    advice:
      "Free some: delete files that are not needed, empty the trash of people, or take away old images with docker image prune.",
  },
  disk_nearly_full: {
    status: "bad",
    text: "Only {free} of {total} are left. Soon nothing can be saved.",
    advice:
      "Free some at once: delete files that are not needed, empty the trash of people, or take away old images with docker image prune.",
  },

  memory_fine: {
    status: "ok",
    text: "{total} in all, {available} of it free now. Notebooks that fit in it at {limit} each: {count}.",
  },
  memory_small: {
    status: "warning",
    text: "This box has {total} in all; one notebook may take {limit}.",
    advice: "Give notebooks less, for example: HOMEROOM_MEMORY=512m ./homeroom up",
  },
  memory_low: {
    status: "warning",
    text: "Only {available} of {total} are free now.",
    advice: "Stop notebooks that nobody uses, or give each less with HOMEROOM_MEMORY.",
  },

  clock_fine: { status: "ok", text: "It is {now} (UTC)." },
  clock_unset: {
    status: "bad",
    text: "The clock of this box says {now} (UTC): it was never set.",
    advice: "Set it with the command date, or connect the box to a network that has a time server.",
  },
  clock_back: {
    status: "warning",
    text: "The clock says {now} (UTC), but something was written down at {newest}: it was set back, or was ahead then.",
    advice: "Set it with the command date, or connect the box to a network that has a time server.",
  },
  clock_differs: {
    status: "warning",
    text: "The clocks of Homeroom and of Docker are {seconds} seconds apart.",
    advice: "Set both by the same time server.",
  },

  database_fine: {
    status: "ok",
    text: "It was read again just now: all {rows} rows are there, and {lines} lines of the audit.",
  },
  database_damaged: {
    status: "bad",
    text: "Not everything on the disk is as it was written: {problems}.",
    advice:
      "Copy the data folder to another disk now. At the next start Homeroom puts right what it can, and says so.",
  },

  exports_fine: {
    status: "ok",
    text: "Good copies of the database: {good}. The newest was made {age} ago.",
  },
  exports_none: {
    status: "warning",
    text: "There is no copy of the database yet.",
    advice: "One is made soon after each change. If this stays so, ./homeroom logs tells why.",
  },
  exports_old: {
    status: "warning",
    text: "The newest good copy of the database was made {age} ago.",
    advice: "./homeroom logs tells why there is no newer one.",
  },
  exports_bad: {
    status: "warning",
    text: "Copies of the database that cannot be read: {bad}. Good ones: {good}; the newest was made {age} ago.",
    advice: "The disk may be failing: copy the data folder to another one.",
  },

  secrets_fine: { status: "ok", text: "Only Homeroom itself can read its secrets." },
  secrets_open: {
    status: "bad",
    text: "Others on this machine can read {path}.",
    advice: "Restart Homeroom, which closes it, or: chmod 600 {path}",
  },
  secrets_missing: {
    status: "bad",
    text: "{path} is missing: without it nobody's files would be found.",
    advice: "Put it back from a backup before Homeroom is started again.",
  },

  owners_fine: { status: "ok", text: "{count} owners can sign in." },
  owners_one: {
    status: "warning",
    text: "{name} is the only owner who can sign in.",
    advice:
      "Make somebody else an owner, too, in case {name} cannot come: ./homeroom user role NAME owner",
  },
  owners_locked: {
    status: "bad",
    text: "No owner of this box can sign in.",
    advice: "A new first password for one: ./homeroom reset-owner NAME",
  },
  owners_nobody: {
    status: "warning",
    text: "Nobody has an account yet.",
    advice: "The code that makes the first one: ./homeroom setup-code",
  },

  check_late: {
    status: "warning",
    text: "This look did not end within {seconds} seconds.",
    advice: "Look again; if it stays so, the box is very busy, or its disk or Docker hangs.",
  },
  check_failed: {
    status: "warning",
    text: "This look failed: {reason}.",
    advice: "./homeroom logs tells more.",
  },
} as const satisfies Record<string, Finding>;

export type CheckStatus = "ok" | "warning" | "bad";

interface Finding {
  readonly status: CheckStatus;
  readonly text: string;
  readonly advice?: string;
}

type FindingCode = keyof typeof findings;

/** What is looked at, in the order in which it is told. */
export const checkNames = [
  "docker",
  "images",
  "pool",
  "docker_disk",
  "data_disk",
  "memory",
  "clock",
  "database",
  "exports",
  "secrets",
  "owners",
] as const;
export type CheckName = (typeof checkNames)[number];

export interface Check {
  readonly name: CheckName;
  readonly status: CheckStatus;
  readonly text: string;
  readonly advice?: string;
  /** What text and advice were made of, for other languages. */
  readonly code: FindingCode | FailureCode;
  readonly params: Readonly<Record<string, string | number>>;
}

type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
type Params<Code extends FindingCode> = {
  readonly [Name in Placeholders<(typeof findings)[Code][keyof (typeof findings)[Code]]>]:
    string | number;
};

export function found<Code extends FindingCode>(
  name: CheckName,
  code: Code,
  ...[params]: [Placeholders<(typeof findings)[Code][keyof (typeof findings)[Code]]>] extends [
    never,
  ]
    ? []
    : [params: Params<Code>]
): Check {
  const finding: Finding = findings[code];
  const values: Check["params"] = params ?? {};
  return {
    name,
    status: finding.status,
    text: fill(finding.text, values),
    ...(finding.advice === undefined ? {} : { advice: fill(finding.advice, values) }),
    code,
    params: values,
  };
}

/** A failure of the table, in the words for those who can act on it: they say what to do, too. */
export function failed(
  name: CheckName,
  failure: FailureData,
  status: "warning" | "bad" = "bad",
): Check {
  const { code, params } = failure;
  return { name, status, text: failureText(failure, "teacher"), code, params };
}

const badness: Readonly<Record<CheckStatus, number>> = { ok: 0, warning: 1, bad: 2 };

/** Worst first; among equals in the order of the names. */
export function worstFirst<Some extends Pick<Check, "status">>(checks: readonly Some[]): Some[] {
  return checks.toSorted((a, b) => badness[b.status] - badness[a.status]);
}

function fill(text: string, params: Check["params"]): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
