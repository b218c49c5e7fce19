/** Models of the pages about people, in every state that looks different. */
import { longName as longServer, namedOfOther } from "./server-models.ts";
import type { DeviceRow } from "#src/views/account-pages.ts";
import type { FormProblems } from "#src/views/pages.ts";
import {
  type AuditLine,
  type PeoplePages,
  type RosterRow,
  type TrashRow,
  personNotices,
} from "#src/views/people-pages.ts";
import type { LastFailure } from "#src/stores/records.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";

type PeopleSample = {
  [Name in keyof PeoplePages]: readonly [label: string, page: Name, model: PeoplePages[Name]];
}[keyof PeoplePages];

const longName =
  "Maximilian-Alexander Ferdinand von und zu Hohenlohe-Waldenburg-Schillingsfürst der Jüngere";
const longUser = "maximilian.alexander.ferdinand.von.und.zu.hohenlohe-waldenburg-x";
const noProblems: FormProblems = { fields: {} };

function rosterRow(name: string, displayName: string, more: Partial<RosterRow> = {}): RosterRow {
  return {
    name,
    displayName,
    role: "student",
    classes: ["7B"],
    state: "active",
    lastSignIn: "2026-11-22T09:57:00.000Z",
    url: `/hub/admin/people/${name}`,
    ...more,
  };
}

function neverSignedIn(name: string, displayName: string, more: Partial<RosterRow>): RosterRow {
  const { lastSignIn: _, ...row } = rosterRow(name, displayName);
  return { ...row, ...more };
}

const rosterRows: readonly RosterRow[] = [
  rosterRow("maria", "María López"),
  rosterRow("jose", "José Pérez", { state: "locked" }),
  neverSignedIn("ann", "Ann Otieno", { state: "first_password" }),
  rosterRow("asha", "आशा", { classes: ["7B", "Physics"] }),
  neverSignedIn("sara", "سارة", { state: "no_password", classes: [] }),
  rosterRow("li.wei", "李伟", { state: "newcomer" }),
  rosterRow("bold", '<b>Bold</b> "quoted"'),
  rosterRow("mark", "\u200fRTL\u202e mark 👩🏽‍🔬"),
  rosterRow(longUser, longName),
  rosterRow("x".repeat(64), "W".repeat(100), { classes: ["C".repeat(40)] }),
  rosterRow("okoro", "Mr Okoro", { role: "owner", classes: [] }),
  rosterRow("helper", "Ms Wanjiku", { role: "teacher" }),
].map((row, index) => (index === 11 ? withoutUrl(row) : row));

function withoutUrl({ url: _, ...row }: RosterRow): RosterRow {
  return row;
}

const rosterUrls = {
  add: "/hub/admin/people/add",
  trash: "/hub/admin/trash",
  signUp: "/hub/admin/sign-up",
  csv: "/hub/admin/audit.csv",
};

const devices: readonly DeviceRow[] = [
  {
    device: "Firefox on Windows",
    address: "192.168.1.20",
    created: "2026-11-22T08:00:00.000Z",
    lastSeen: "2026-11-22T09:59:00.000Z",
    isThis: false,
    isKept: false,
    endUrl: "/hub/admin/people/kofi/sessions/abc/end",
  },
  {
    device: "Chrome on Android",
    address: "fd00:1234:5678:9abc:def0:1234:5678:9abc",
    created: "2026-11-20T08:00:00.000Z",
    lastSeen: "2026-11-21T08:00:00.000Z",
    isThis: false,
    isKept: true,
    endUrl: "/hub/admin/people/kofi/sessions/def/end",
  },
];

const okoro = { is: "person", name: "okoro" } as const;
const kofi = { is: "person", name: "kofi" } as const;
const at = "2026-11-22T09:30:00.000Z";
const from = { address: "192.168.1.20", request: "K7-4201" };

/** One of each kind. */
const auditLines: readonly AuditLine[] = [
  { at, action: "session.signed_in", by: kofi, ...from },
  { at, action: "session.refused", by: { is: "anonymous" }, ...from, times: 48 },
  { at, action: "session.refused", by: { is: "anonymous" }, ...from, wasLocked: true },
  { at, action: "session.signed_out", by: kofi, ...from },
  { at, action: "session.signed_out_everywhere", by: okoro, ...from },
  { at, action: "session.ended_by_other", by: okoro, ...from, device: "Firefox on Windows" },
  { at, action: "password.reset", by: okoro, ...from },
  { at, action: "password.changed", by: kofi, ...from },
  { at, action: "user.added", by: { is: "console" } },
  { at, action: "user.joined", by: { is: "anonymous" }, ...from },
  { at, action: "user.accepted", by: okoro, ...from },
  {
    at,
    action: "user.renamed",
    by: okoro,
    ...from,
    names: [
      { oldName: "kofi.m", newName: "kofi" },
      { oldName: longName, newName: "Kofi Mensah" },
    ],
  },
  { at, action: "user.disabled", by: okoro, ...from },
  { at, action: "user.enabled", by: okoro, ...from },
  { at, action: "user.removed", by: { is: "erased" }, ...from },
  { at, action: "user.restored", by: okoro, ...from },
  { at, action: "user.erased", by: okoro, about: { is: "erased" }, ...from },
  {
    at,
    action: "user.role_changed",
    by: okoro,
    ...from,
    roles: { oldRole: "student", newRole: "teacher" },
  },
  { at, action: "server.started_by_other", by: okoro, ...from },
  { at, action: "server.stopped_by_other", by: { is: "hub" } },
  { at, action: "server.removed", by: okoro, ...from, server: "Physics, lesson 3" },
  { at, action: "sign_up.changed", by: okoro, ...from },
  { at, action: "token.created", by: okoro, ...from },
  { at, action: "token.revoked", by: okoro, ...from },
  { at, action: "share.added", by: okoro, ...from },
  { at, action: "share.removed", by: okoro, ...from },
  { at, action: "share_code.made", by: okoro, ...from },
  { at, action: "share_code.revoked", by: okoro, ...from },
  { at, action: "visit.begun", by: okoro, ...from },
  { at, action: "visit.ended", by: okoro, ...from },
  { at, action: "group.added", by: okoro, ...from },
  { at, action: "group.removed", by: okoro, ...from },
  { at, action: "group.changed", by: okoro, ...from },
  { at, action: "group.member_added", by: okoro, ...from },
  { at, action: "group.member_removed", by: okoro, ...from },
  { at, action: "hub.shut_down", by: okoro, ...from },
  { at, action: "sign_up.refused", by: { is: "anonymous" }, ...from },
  { at, action: "setup.done", by: okoro, about: okoro, ...from },
  { at, action: "settings.changed", by: okoro, ...from },
  { at, action: "store.restored", by: { is: "console" } },
  { at, action: "audit.exported", by: okoro, ...from },
];

const person = "/hub/admin/people/kofi";
const everything = {
  server: true,
  reset: true,
  rename: true,
  lock: true,
  role: true,
  remove: true,
  accept: false,
  sessions: true,
};
const kofiPage: PeoplePages["person"] = {
  named: namedOfOther,
  id: "abcdefghabcdefgh",
  name: "kofi",
  displayName: "Kofi Mensah",
  role: "student",
  isSelf: false,
  state: "active",
  classes: ["7B"],
  created: "2026-09-01T08:00:00.000Z",
  createdBy: okoro,
  lastSignIn: "2026-11-22T09:00:00.000Z",
  status: { is: "stopped" },
  open: [],
  log: { lines: [] },
  usage: { is: "known", bytes: 120 * 1024 ** 2, files: 34, at: "2026-11-22T09:59:30.000Z" },
  devices,
  audit: auditLines,
  values: { username: "kofi", displayName: "Kofi Mensah", role: "student" },
  problems: noProblems,
  may: everything,
  urls: {
    self: person,
    people: "/hub/admin/people",
    account: "/hub/account",
    start: `${person}/start`,
    stop: `${person}/stop`,
    log: `${person}/log`,
    reset: `${person}/reset`,
    rename: `${person}/rename`,
    disable: `${person}/disable`,
    enable: `${person}/enable`,
    role: `${person}/role`,
    accept: `${person}/accept`,
    refuse: `${person}/refuse`,
    remove: `${person}/remove`,
    signOut: `${person}/sign-out`,
  },
};

function trashRow(name: string, displayName: string, more: Partial<TrashRow> = {}): TrashRow {
  return {
    name,
    displayName,
    role: "student",
    classes: ["7B"],
    deleted: "2026-11-20T10:00:00.000Z",
    by: okoro,
    isErasing: false,
    restoreUrl: `/hub/admin/trash/${name.slice(0, 16)}/restore`,
    eraseUrl: `/hub/admin/trash/${name.slice(0, 16)}/erase`,
    ...more,
  };
}

const trashRows: readonly TrashRow[] = [
  trashRow("kofi", "Kofi Mensah"),
  trashRow("sara", "سارة", { by: { is: "console" }, classes: [] }),
  trashRow("tom", "Tom", { isErasing: true }),
  trashRow(longUser, longName, { role: "teacher", by: { is: "erased" } }),
];
const peopleUrl = "/hub/admin/people";
const removal = {
  action: `${person}/remove`,
  id: "abcdefghabcdefgh",
  name: "kofi",
  displayName: "Kofi Mensah",
  open: [{}, { title: "Physics, lesson 3" }],
  backUrl: person,
};
const restoring = {
  action: "/hub/admin/trash/abcdefghabcdefgh/restore",
  name: "kofi",
  displayName: "Kofi Mensah",
  isTaken: false,
  value: "kofi",
  problems: noProblems,
  backUrl: "/hub/admin/trash",
};
const erasing = {
  action: "/hub/admin/trash/abcdefghabcdefgh/erase",
  name: "kofi",
  displayName: "Kofi Mensah",
  value: "",
  usage: kofiPage.usage,
  problems: noProblems,
  backUrl: "/hub/admin/trash",
};
const engineAway = { code: "docker_unreachable", params: { detail: "ENOENT" } } as const;

export function peopleSamples(given: {
  readonly running: ServerStatus;
  readonly starting: ServerStatus;
  readonly stopping: ServerStatus;
  readonly crashed: LastFailure;
  readonly lines: readonly string[];
}): readonly PeopleSample[] {
  const { running, starting, stopping, crashed, lines } = given;
  return [
    ["full", "roster", { rows: rosterRows, urls: rosterUrls }],
    ["empty", "roster", { rows: [], urls: rosterUrls, notice: "person_removed" }],
    [
      "gone",
      "roster",
      {
        rows: rosterRows.slice(0, 2),
        urls: rosterUrls,
        problem: { code: "user_not_found", params: { name: "tom" } },
      },
    ],
    ["role", "roster", { rows: rosterRows.slice(0, 2), urls: rosterUrls, notice: "role_changed" }],

    [
      "full",
      "person",
      {
        ...kofiPage,
        status: running,
        open: [{}, { title: "Physics, lesson 3" }, { title: longServer }],
        lastFailure: crashed,
        log: { lines: lines.slice(-30) },
        visits: [
          { name: "", url: "/hub/visit/kofi" },
          { name: "statistics II", url: "/hub/visit/kofi/statistics%20II" },
        ],
      },
    ],
    [
      "failed",
      "person",
      {
        ...kofiPage,
        status: { is: "stopped", lastFailure: crashed },
        lastFailure: crashed,
        log: { lines: crashed.log },
        devices: [],
        audit: [],
        usage: { is: "measuring" },
        state: "first_password",
      },
    ],
    [
      "engine-away",
      "person",
      {
        ...kofiPage,
        status: starting,
        usage: { is: "unknown", failure: engineAway },
        log: { lines: [], failure: engineAway },
        audit: auditLines.slice(0, 2),
        problem: engineAway,
      },
    ],
    [
      "locked",
      "person",
      {
        ...kofiPage,
        name: longUser,
        displayName: longName,
        state: "locked",
        lockedSince: at,
        status: stopping,
        may: { ...everything, server: false },
        audit: auditLines.slice(0, 3),
      },
    ],
    [
      "newcomer",
      "person",
      {
        ...kofiPage,
        state: "newcomer",
        joined: { at, address: "192.168.1.20" },
        may: { ...everything, accept: true, role: false },
        audit: auditLines.slice(0, 1),
      },
    ],
    [
      "refused",
      "person",
      {
        ...kofiPage,
        audit: [],
        values: { username: "José Pérez", displayName: "", role: "student" },
        problems: {
          fields: {
            username: { code: "name_space", params: { name: "José Pérez" } },
            display_name: { code: "display_name_missing", params: {} },
          },
        },
      },
    ],
    [
      "self",
      "person",
      {
        ...kofiPage,
        isSelf: true,
        role: "owner",
        classes: [],
        may: { ...everything, reset: false, lock: false, remove: false },
        audit: [],
        values: { ...kofiPage.values, role: "owner" },
      },
    ],
    ...personNotices.map(
      (notice) => [notice, "person", { ...kofiPage, audit: [], notice }] as const,
    ),

    ["running", "removePerson", removal],
    [
      "refused",
      "removePerson",
      {
        ...removal,
        open: [{}],
        displayName: longName,
        problem: { code: "last_owner", params: { name: "kofi" } },
      },
    ],

    ["full", "trash", { rows: trashRows, peopleUrl, notice: "person_erasing" }],
    ["empty", "trash", { rows: [], peopleUrl, notice: "person_erased" }],
    [
      "gone",
      "trash",
      {
        rows: trashRows.slice(0, 1).map(({ eraseUrl: _, ...row }) => row),
        peopleUrl,
        problem: { code: "not_in_trash", params: {} },
      },
    ],
    ["free", "restorePerson", restoring],
    [
      "taken",
      "restorePerson",
      {
        ...restoring,
        isTaken: true,
        value: "kofi2",
        problems: { fields: { username: { code: "name_taken", params: { name: "kofi" } } } },
      },
    ],
    ["empty", "erasePerson", erasing],
    [
      "refused",
      "erasePerson",
      {
        ...erasing,
        displayName: longName,
        value: "kofi mensah",
        usage: { is: "measuring" },
        problems: {
          fields: { confirm: { code: "confirmation_wrong", params: { name: "kofi" } } },
        },
      },
    ],
  ];
}
