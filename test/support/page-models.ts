/** A model of every page in every state that looks different: for the tests of templates, words and looks. */
import type { FailureData } from "#src/errors.ts";
import { type Check, failed, found } from "#src/services/box/findings.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { LastFailure } from "#src/stores/records.ts";
import type {
  ClassRow,
  FormProblems,
  Frame,
  NotebookCard,
  PageName,
  Pages,
  PartName,
  Parts,
  Views,
} from "#src/views/pages.ts";
import {
  newcomers,
  noNewcomers,
  signUpClasses,
  signUpNames,
  signUpPasswords,
} from "./sign-up-models.ts";
import {
  deletions,
  longName as longServer,
  newServers,
  noNamed,
  someNamed,
  spawns,
} from "./server-models.ts";
import {
  acceptances,
  sharedNotebooks,
  sharingCards,
  visitingLogins,
  visits,
} from "./share-models.ts";
import { peopleSamples } from "./people-page-models.ts";
import { allScopes, someScopes } from "./scope-models.ts";

export const NOW = "2026-11-22T10:00:00.000Z";
export const sampleClock = { now: () => Date.parse(NOW), monotonic: () => 0 };

type Change = <Value>(value: Value) => Value;
export interface RenderOptions {
  readonly language?: string;
  readonly theme?: Frame["theme"];
  /** Applied to model and frame before they are rendered. */
  readonly change?: Change;
}

export interface Sample {
  readonly label: string;
  render(views: Views, options?: RenderOptions): string;
}

export const frame: Frame = {
  boxTitle: "Hillside School",
  basePath: "/",
  hubPath: "/hub/",
  language: "en",
  theme: "system",
  requestId: "K7-4201",
  xsrf: "MnxvbmV8dHdvfHRocmVlfGZvdXI",
};
const student: Frame = {
  ...frame,
  visitor: { name: "maria", displayName: "María López", role: "student" },
};
const teacher: Frame = {
  ...frame,
  visitor: { name: "okoro", displayName: "Mr Okoro", role: "owner" },
};
const onUserPath: Frame = { ...student, xsrf: "" };

const upstream = { host: "10.213.0.2", port: 8888 };
const crashed: LastFailure = {
  code: "exited_at_once",
  params: { exit_code: 137 },
  at: "2026-11-22T09:58:00.000Z",
  log: [
    "[I 2026-11-22 09:57:59.104 ServerApp] jupyterlab | extension was successfully loaded.",
    "Killed",
  ],
};
const quietFailure: LastFailure = {
  code: "never_answered",
  params: { seconds: 120, port: 8888 },
  at: "2026-11-22T09:50:00.000Z",
  log: [],
};

const restored: Check = failed(
  "database",
  {
    code: "database_restored_older",
    params: { detail: "the last change is missing", count: 3, time: "2026-11-22 09:00" },
  },
  "warning",
);
const wellChecks: readonly Check[] = [
  found("docker", "docker_fine", { version: "20.10.24+dfsg1" }),
  found("images", "images_fine", { images: "homeroom-notebook" }),
  found("pool", "pool_fine", { pool: "10.213.0.0/16", free: 4070, places: 4096 }),
  found("docker_disk", "disk_fine", { free: "71 GB", total: "252 GB" }),
  found("data_disk", "disk_fine", { free: "71 GB", total: "252 GB" }),
  found("memory", "memory_fine", {
    total: "7.6 GB",
    available: "4.2 GB",
    limit: "1 GB",
    count: 7,
  }),
  found("clock", "clock_fine", { now: "2026-11-22 10:00" }),
  found("database", "database_fine", { rows: 214, lines: 1873 }),
  found("exports", "exports_fine", { good: 48, age: "12 minutes" }),
  found("secrets", "secrets_fine"),
  found("owners", "owners_fine", { count: 2 }),
];
const someWarnings: readonly Check[] = [
  ...wellChecks.slice(0, 4),
  found("data_disk", "disk_low", { free: "1.9 GB", total: "29 GB" }),
  found("memory", "check_late", { seconds: 5 }),
  found("owners", "owners_one", { name: "okoro" }),
];
const badChecks: readonly Check[] = [
  failed("docker", { code: "docker_unreachable", params: { detail: "ENOENT" } }),
  found("data_disk", "disk_nearly_full", { free: "120 MB", total: "29 GB" }),
  found("clock", "clock_unset", { now: "1970-01-01 00:03" }),
  restored,
  found("exports", "exports_bad", { bad: 2, good: 46, age: "1 hour" }),
  found("secrets", "secrets_open", { path: "/data/secrets.json" }),
  found("owners", "owners_locked"),
];

function health(checks: readonly Check[]) {
  return { checks, action: "/hub/admin/health" };
}

export const statuses = {
  stopped: { is: "stopped" },
  failed: { is: "stopped", lastFailure: crashed },
  queued: { is: "queued", since: "2026-11-22T09:59:40.000Z", place: 4, estimateSeconds: 20 },
  queuedUnmeasured: { is: "queued", since: "2026-11-22T09:59:59.000Z", place: 21 },
  beginning: { is: "starting", since: "2026-11-22T09:59:59.000Z", done: [], now: "waited" },
  starting: {
    is: "starting",
    since: "2026-11-22T09:59:44.000Z",
    done: [
      { step: "waited", seconds: 12 },
      { step: "network", seconds: 0.2 },
      { step: "volume", seconds: 0.1 },
      { step: "container", seconds: 0.9 },
    ],
    now: "started",
  },
  late: {
    is: "starting",
    since: "2026-11-22T09:57:00.000Z",
    done: [
      { step: "waited", seconds: 130 },
      { step: "network", seconds: 1 },
      { step: "volume", seconds: 1 },
      { step: "container", seconds: 1 },
      { step: "started", seconds: 2 },
    ],
    now: "answering",
  },
  running: { is: "running", started: "2026-11-22T08:05:00.000Z", generation: 3, upstream },
  shortOfMemory: {
    is: "running",
    started: "2026-11-22T08:05:00.000Z",
    generation: 3,
    upstream,
    outOfMemoryAt: "2026-11-22T09:55:00.000Z",
  },
  frozen: { is: "frozen", started: "2026-11-21T08:05:00.000Z", generation: 3 },
  stopping: { is: "stopping", since: "2026-11-22T09:59:58.000Z" },
} as const satisfies Record<string, ServerStatus>;

export function notebook(status: ServerStatus, displayName = "María López"): NotebookCard {
  return {
    name: "maria",
    displayName,
    status,
    openUrl: "/hub/spawn",
    startUrl: "/hub/spawn/maria",
    stopUrl: "/hub/stop/maria",
    restartUrl: "/hub/restart/maria",
  };
}

export function classRow(
  name: string,
  displayName: string,
  status: ServerStatus,
  more: Partial<ClassRow> = {},
): ClassRow {
  const person = `/hub/admin/people/${encodeURIComponent(name)}`;
  return {
    name,
    displayName,
    role: "student",
    status,
    neverSignedIn: false,
    lastActivity: "2026-11-22T09:57:00.000Z",
    may: { server: true, reset: true, log: true },
    urls: {
      person,
      start: `/hub/spawn/${name}`,
      stop: `/hub/stop/${name}`,
      log: `${person}/log`,
      reset: `${person}/reset`,
    },
    ...more,
  };
}

const GIBIBYTE = 1024 ** 3;
const longName =
  "Maximilian-Alexander Ferdinand von und zu Hohenlohe-Waldenburg-Schillingsfürst der Jüngere";

const rows: readonly ClassRow[] = [
  classRow("maria", "María López", statuses.running, {
    usage: { memoryBytes: 0.61 * GIBIBYTE, memoryLimitBytes: GIBIBYTE, cpuPercent: 38 },
  }),
  classRow("jose", "José Pérez", statuses.starting, { isNewcomer: true }),
  classRow("ann", "Ann Otieno", statuses.shortOfMemory, {
    usage: { memoryBytes: 200 * 1024 ** 2, memoryLimitBytes: GIBIBYTE, cpuPercent: 4 },
  }),
  classRow("asha", "आशा", statuses.stopped, { lastActivity: "2026-11-19T10:00:00.000Z" }),
  classRow("sara", "سارة", statuses.running, { lastActivity: "2026-11-22T09:40:00.000Z" }),
  classRow("li.wei", "李伟", statuses.queued),
  classRow("kofi", "Kofi Mensah", statuses.failed),
  classRow("juma", "Juma", statuses.stopped, {
    isLocked: true,
    may: { server: false, reset: true, log: true },
  }),
  classRow("noor", "Noor", statuses.frozen, {
    named: [
      { title: "Physics, lesson 3", status: statuses.running, stopUrl: "/hub/stop/noor/physics" },
      { title: longServer, status: statuses.failed, stopUrl: "/hub/stop/noor/long" },
    ],
  }),
  classRow("tom", "Tom", statuses.stopping),
  {
    ...classRow("new_one", "Ngozi Adeyemi", statuses.stopped, { neverSignedIn: true }),
    lastActivity: "2026-11-22T09:59:59.000Z",
  },
  classRow("maximilian.alexander.ferdinand.von.und.zu.hohenlohe-waldenburg-x", longName, {
    is: "queued",
    since: NOW,
    place: 2,
  }),
  classRow("okoro", "Mr Okoro", statuses.stopped, {
    role: "owner",
    may: { server: true, reset: false, log: false },
  }),
  classRow("helper", "Ms Wanjiku", statuses.running, {
    role: "teacher",
    may: { server: false, reset: false, log: false },
  }),
];

const noProblems: FormProblems = { fields: {} };
const tooShort: FailureData = {
  code: "password_too_short",
  params: { minimum: 8 },
};

function sample<Name extends PageName>(
  label: string,
  page: Name,
  model: Pages[Name],
  around: Frame = student,
): Sample {
  return {
    label: `${page}-${label}`,
    render: (views, { language = "en", theme = "system", change = same } = {}) =>
      views.page(page, change(model), change({ ...around, language, theme })),
  };
}

function same<Value>(value: Value): Value {
  return value;
}

function waiting(status: ServerStatus, own = true): Pages["waiting"] {
  return {
    notebook: notebook(status),
    own,
    nextUrl: "/user/maria/lab",
    eventsUrl: "/hub/events/notebook/maria",
    progressUrl: "/hub/api/users/maria/server/progress?_xsrf=abc",
    homeUrl: "/hub/home",
  };
}

const login = { action: "/hub/login?next=%2Fhub%2Fhome", username: "" };
const setup = {
  action: "/hub/setup",
  values: { code: "", username: "", displayName: "" },
  minLength: 8,
};
const ownDevice = {
  device: "Firefox on Windows",
  address: "192.168.1.20",
  created: "2026-11-22T08:01:00.000Z",
  lastSeen: NOW,
  isThis: true,
  isKept: false,
  endUrl: "/hub/account/sessions/aaaa/end",
};
const otherDevices = [
  {
    ...ownDevice,
    device: "Safari on iPhone",
    address: "192.168.1.7",
    created: "2026-11-20T17:42:00.000Z",
    lastSeen: "2026-11-22T07:42:00.000Z",
    isThis: false,
    isKept: true,
  },
  {
    ...ownDevice,
    device: "Unknown browser",
    address: "2001:db8:1234:5678:9abc:def0:1234:5678",
    lastSeen: "2026-11-22T09:20:00.000Z",
    isThis: false,
  },
];
const account = {
  changeUrl: "/hub/change-password",
  signOutEverywhereUrl: "/hub/account/sign-out-everywhere",
  minLength: 8,
  saved: false,
  ended: false,
  devices: [ownDevice],
  tokensUrl: "/hub/token",
};
const tokens = {
  action: "/hub/token",
  accountUrl: "/hub/account",
  lives: ["hour", "day", "week", "month", "year", "never"],
  note: "",
  life: "month",
  revoked: false,
  tokens: [],
} as const;
const someTokens = [
  ...(["console", "service", "erased"] as const).map((is, index) => ({
    id: `a${index + 2}`,
    note: "Requested via api",
    created: "2026-11-20T07:00:00.000Z",
    madeBy: { is },
    revokeUrl: `/hub/token/a${index + 2}/revoke`,
  })),
  {
    madeBy: { is: "person", name: "Mr Okoro" } as const,
    id: "a7",
    note: "Script that hands out the worksheets every Monday morning before the first lesson",
    created: "2026-11-20T08:00:00.000Z",
    lastUsed: "2026-11-22T09:00:00.000Z",
    revokeUrl: "/hub/token/a7/revoke",
  },
  {
    id: "a5",
    note: "",
    created: "2026-11-01T08:00:00.000Z",
    expires: "2026-12-01T08:00:00.000Z",
    scopes: someScopes,
    revokeUrl: "/hub/token/a5/revoke",
  },
];
const addPeople = {
  action: "/hub/admin/people/add",
  previewAction: "/hub/admin/people/preview",
  values: { displayName: "", username: "", list: "", role: "student" },
  mayAddStaff: true,
  problems: noProblems,
} as const;
const classPage = {
  newcomers: noNewcomers,
  signUpUrl: "/hub/admin/sign-up",
  rows,
  tiles: { people: 24, running: 17, queued: 2 },
  eventsUrl: "/hub/admin/events",
  addUrl: "/hub/admin/people/add",
};
const preview = [
  { line: 1, displayName: "María López", name: "maria" },
  {
    line: 2,
    displayName: "José Pérez",
    name: "jose",
    problem: { code: "name_taken", params: { name: "jose" } },
  },
  { line: 3, displayName: longName, name: "maximilian" },
] as const;
const cards = [
  ...["María López", "José Pérez", "Ann Otieno", "आशा", "سارة", "李伟", "Kofi Mensah", "Noor"].map(
    (displayName, index) => ({
      displayName,
      name: `student${index + 1}`,
      password: `red-lamp-river-${index + 40}`,
    }),
  ),
  {
    displayName: longName,
    name: "maximilian.alexander.ferdinand.von",
    password: "sun-boat-tree-17",
  },
  { displayName: "Tom", name: "tom", password: "green-chair-cloud-88" },
  { displayName: "Ngozi Adeyemi", name: "ngozi", password: "blue-spoon-hill-31" },
];
const firstPasswords = {
  refused: [],
  address: "http://box.lan/jupyterhub/",
  back: "class",
  backUrl: "/hub/admin",
} as const;
const log = {
  name: "kofi",
  displayName: "Kofi Mensah",
  refreshUrl: "/hub/admin/people/kofi/log",
  backUrl: "/hub/admin",
};
const lines = Array.from(
  { length: 40 },
  (_, index) =>
    `[I 2026-11-22 09:57:${String(index).padStart(2, "0")}.104 ServerApp] 200 GET /user/kofi/api/contents/Untitled.ipynb?content=1&hash=0&1763805${index} (@10.213.0.1) 12.41ms`,
);

export const samples: readonly Sample[] = [
  sample("empty", "setup", { ...setup, problems: noProblems }, frame),
  sample(
    "refused",
    "setup",
    {
      ...setup,
      values: { code: "AAAA-BBBB", username: "María L", displayName: "María" },
      problems: {
        form: { code: "too_many_attempts", params: { seconds: 30 } },
        fields: {
          code: { code: "wrong_setup_code", params: {} },
          username: { code: "name_space", params: { name: "María L" } },
          password: tooShort,
        },
      },
    },
    frame,
  ),

  ...Object.entries(signUpNames).map(([label, model]) => sample(label, "signUp", model, frame)),
  ...Object.entries(signUpPasswords).map(([label, model]) =>
    sample(label, "signUpPassword", model, frame),
  ),
  sample("only", "signUpClosed", { signInUrl: "/hub/login" }, frame),
  ...Object.entries(signUpClasses).map(([label, model]) =>
    sample(label, "signUpClasses", model, { ...teacher, nav: "class" }),
  ),

  sample("empty", "login", login, frame),
  sample("takes-people", "login", { ...login, signUpUrl: "/hub/signup" }, frame),
  sample("prefilled", "login", { ...login, username: "maria" }, frame),
  sample(
    "wrong",
    "login",
    { ...login, username: "maria", problem: { code: "wrong_password", params: {} } },
    frame,
  ),
  sample(
    "too-many",
    "login",
    {
      ...login,
      username: "maria",
      problem: { code: "too_many_attempts", params: { seconds: 40 } },
    },
    frame,
  ),
  sample("kept", "login", { ...login, username: "maria", keeps: true }, frame),
  sample("signed-out", "login", { ...login, notice: "signed_out" }, frame),
  sample("session-ended", "login", { ...login, notice: "session_ended" }, frame),
  sample("setup-done", "login", { ...login, notice: "setup_done" }, frame),
  ...Object.entries(visitingLogins).map(([label, visiting]) =>
    sample(label, "login", { ...login, username: "maria", visiting }, frame),
  ),
  ...Object.entries(visits).map(([label, model]) => sample(label, "visit", model)),
  ...Object.entries(acceptances).map(([label, model]) => sample(label, "acceptShare", model)),

  sample("empty", "first", {
    action: "/hub/first",
    displayName: "María",
    minLength: 8,
    problems: noProblems,
  }),
  sample("refused", "first", {
    action: "/hub/first",
    displayName: longName,
    minLength: 8,
    problems: {
      fields: { password: tooShort, password_repeat: { code: "password_repeat", params: {} } },
    },
  }),

  ...Object.entries(statuses).map(([label, status]) =>
    sample(
      label,
      "home",
      { notebook: notebook(status), eventsUrl: "/hub/events/notebook/maria" },
      { ...student, nav: "home" },
    ),
  ),
  sample(
    "other-devices",
    "home",
    {
      notebook: notebook(statuses.running),
      eventsUrl: "/hub/events/notebook/maria",
      others: {
        rows: otherDevices,
        seenUrl: "/hub/account/others-seen",
        accountUrl: "/hub/account",
      },
    },
    { ...student, nav: "home" },
  ),
  ...Object.entries(sharingCards).map(([label, sharing]) =>
    sample(label, "home", {
      notebook: notebook(statuses.running),
      eventsUrl: "/hub/events/notebook/maria",
      sharing,
      ...(sharing.fresh === undefined ? {} : { shared: sharedNotebooks }),
    }),
  ),
  sample("password-changed", "home", {
    notebook: notebook(statuses.stopped),
    eventsUrl: "/hub/events/notebook/maria",
    notice: "password_changed",
  }),
  sample("notebook-stopped", "home", {
    notebook: notebook(statuses.stopped),
    eventsUrl: "/hub/events/notebook/maria",
    notice: "notebook_stopped",
  }),

  ...Object.entries(newServers).map(([label, newServer]) =>
    sample(
      `named-${label}`,
      "home",
      {
        notebook: notebook(statuses.running),
        eventsUrl: "/hub/events/notebook/maria",
        named: label === "free" ? noNamed : someNamed,
        newServer,
      },
      { ...student, nav: "home" },
    ),
  ),
  ...Object.entries(spawns).map(([label, model]) =>
    sample(label, "spawn", model, { ...student, nav: "home" }),
  ),
  ...Object.entries(deletions).map(([label, model]) => sample(label, "deleteServer", model)),

  ...Object.entries(statuses).map(([label, status]) => sample(label, "waiting", waiting(status))),
  sample("named", "waiting", {
    ...waiting(statuses.starting),
    notebook: { ...notebook(statuses.starting), title: "Physics, lesson 3" },
  }),
  sample("failed-of-other", "waiting", waiting(statuses.failed, false), teacher),
  sample("queued-of-other", "waiting", waiting(statuses.queued, false), teacher),
  sample("running-of-other", "waiting", waiting(statuses.running, false), teacher),

  sample(
    "own",
    "asleep",
    { own: true, displayName: "María", openUrl: "/hub/spawn/maria?next=x", homeUrl: "/hub/home" },
    onUserPath,
  ),
  sample(
    "failed",
    "asleep",
    {
      own: true,
      displayName: "María",
      openUrl: "/hub/spawn/maria?next=x",
      homeUrl: "/hub/home",
      lastFailure: { ...crashed, code: "out_of_memory", params: { limit: "1 GB" } },
    },
    onUserPath,
  ),
  sample(
    "of-other",
    "asleep",
    {
      own: false,
      displayName: "María López",
      openUrl: "/hub/spawn/maria",
      homeUrl: "/hub/home",
      lastFailure: quietFailure,
    },
    teacher,
  ),

  sample("plain", "account", { ...account, problems: noProblems }, { ...student, nav: "account" }),
  sample(
    "saved",
    "account",
    { ...account, problems: noProblems, saved: true, devices: [ownDevice, ...otherDevices] },
    { ...teacher, nav: "account" },
  ),
  sample(
    "ended",
    "account",
    { ...account, problems: noProblems, ended: true },
    { ...student, nav: "account" },
  ),
  sample("refused", "account", {
    ...account,
    problems: { fields: { current: { code: "current_password_wrong", params: {} } } },
  }),

  sample("none", "tokens", tokens, { ...student, nav: "account" }),
  sample(
    "some",
    "tokens",
    { ...tokens, tokens: someTokens, revoked: true },
    { ...teacher, nav: "account" },
  ),
  sample(
    "fresh",
    "tokens",
    {
      ...tokens,
      tokens: someTokens,
      fresh: { token: "0123456789abcdef0123456789abcdef", note: "Grading" },
    },
    { ...student, nav: "account" },
  ),
  sample(
    "full",
    "tokens",
    {
      ...tokens,
      tokens: someTokens,
      problem: { code: "tokens_full", params: { limit: "100" } },
    },
    { ...student, nav: "account" },
  ),

  sample("well", "health", { ...health(wellChecks), worst: "ok", notice: "read" }, teacher),
  sample("warnings", "health", { ...health(someWarnings), worst: "warning" }, teacher),
  sample(
    "bad",
    "health",
    { ...health(badChecks), worst: "bad", noticeAction: "/hub/admin/health/notice" },
    teacher,
  ),
  sample(
    "well",
    "home",
    {
      notebook: notebook(statuses.running),
      eventsUrl: "/hub/events/notebook/okoro",
      health: { url: "/hub/admin/health" },
    },
    { ...teacher, nav: "home" },
  ),
  sample(
    "unwell",
    "home",
    {
      notebook: notebook(statuses.running),
      eventsUrl: "/hub/events/notebook/okoro",
      health: {
        url: "/hub/admin/health",
        worst: restored,
        more: 2,
      },
    },
    { ...teacher, nav: "home" },
  ),

  sample("ask", "logout", { action: "/hub/logout" }),
  sample("who", "authorize", {
    action: "/hub/api/oauth2/authorize?client_id=service-grader",
    service: "grader",
    host: "box.lan:9000",
    scopes: [],
    homeUrl: "/hub/home",
  }),
  sample("powers", "authorize", {
    action: "/hub/api/oauth2/authorize?client_id=service-grader",
    service: "grader",
    host: "box.lan:9000",
    scopes: someScopes,
    homeUrl: "/hub/home",
  }),
  sample("all-powers", "authorize", {
    action: "/hub/api/oauth2/authorize?client_id=service-grader",
    service: "grader",
    host: "box.lan:9000",
    scopes: allScopes,
    homeUrl: "/hub/home",
  }),

  sample(
    "not-found",
    "message",
    {
      status: 404,
      failure: { code: "not_found", params: {} },
      reader: "student",
      action: { href: "/hub/home", label: "home" },
    },
    student,
  ),
  sample(
    "not-allowed",
    "message",
    {
      status: 403,
      failure: { code: "not_allowed", params: {} },
      reader: "student",
      action: { href: "/hub/login", label: "sign_in" },
    },
    frame,
  ),
  sample(
    "engine-away",
    "message",
    {
      status: 503,
      failure: { code: "docker_unreachable", params: { detail: "ENOENT" } },
      reader: "teacher",
      action: { href: "/hub/admin", label: "try_again" },
    },
    teacher,
  ),
  sample("wrong", "message", {
    status: 500,
    failure: { code: "internal", params: { request: "K7-4201" } },
    reader: "student",
  }),
  sample("conflict", "message", {
    status: 409,
    failure: { code: "last_owner", params: { name: "okoro" } },
    reader: "teacher",
  }),

  sample("full", "class", { ...classPage, newcomers }, { ...teacher, nav: "class" }),
  ...(["person_accepted", "person_refused"] as const).map((notice) =>
    sample(notice, "class", { ...classPage, rows: rows.slice(0, 1), notice }, teacher),
  ),
  sample(
    "trouble",
    "class",
    {
      ...classPage,
      rows: rows.slice(0, 3),
      trouble: { code: "image_missing", params: { image: "homeroom-notebook" } },
      notice: "server_stopped",
    },
    { ...teacher, nav: "class" },
  ),
  sample(
    "stopped-one",
    "class",
    { ...classPage, rows: rows.slice(0, 1), notice: "server_stopped" },
    teacher,
  ),
  sample(
    "started-one",
    "class",
    { ...classPage, rows: rows.slice(0, 1), notice: "server_started" },
    teacher,
  ),
  sample(
    "empty",
    "class",
    {
      ...classPage,
      rows: rows.filter(({ role }) => role === "owner"),
      tiles: { people: 1, running: 0, queued: 0 },
    },
    { ...teacher, nav: "class" },
  ),

  sample("empty", "addPeople", addPeople, { ...teacher, nav: "people" }),
  sample(
    "refused",
    "addPeople",
    {
      ...addPeople,
      values: { displayName: "José Pérez", username: "jose", list: "", role: "teacher" },
      problems: { fields: { username: { code: "name_taken", params: { name: "jose" } } } },
    },
    { ...teacher, nav: "people" },
  ),
  sample(
    "preview",
    "addPeople",
    {
      ...addPeople,
      values: {
        ...addPeople.values,
        list: `María López\tmaria\nJosé Pérez\tjose\n${longName}\tmaximilian`,
      },
      preview,
    },
    { ...teacher, nav: "people" },
  ),
  sample(
    "all-bad",
    "addPeople",
    {
      ...addPeople,
      mayAddStaff: false,
      values: { ...addPeople.values, list: "José Pérez\tjose" },
      preview: preview.slice(1, 2),
    },
    { ...teacher, visitor: { name: "wanjiku", displayName: "Ms Wanjiku", role: "teacher" } },
  ),

  sample("added", "firstPasswords", { ...firstPasswords, cards, reason: "added" }, teacher),
  sample(
    "ten",
    "firstPasswords",
    {
      ...firstPasswords,
      cards: cards.filter(({ displayName }) => displayName !== longName),
      reason: "added",
    },
    teacher,
  ),
  sample(
    "some-refused",
    "firstPasswords",
    {
      ...firstPasswords,
      cards: cards.slice(0, 1),
      refused: preview.slice(1, 2),
      reason: "added",
    },
    teacher,
  ),
  sample(
    "none",
    "firstPasswords",
    {
      ...firstPasswords,
      cards: [],
      refused: [...preview.slice(1, 2), ...preview.slice(1, 2)],
      reason: "added",
    },
    teacher,
  ),
  sample(
    "reset",
    "firstPasswords",
    { ...firstPasswords, cards: cards.slice(0, 1), reason: "reset", back: "person" },
    teacher,
  ),
  sample("only", "shownOnce", { backUrl: "/hub/admin" }, teacher),

  ...peopleSamples({ ...statuses, crashed, lines }).map(([label, page, model]) =>
    sample(label, page, model, { ...teacher, nav: "people" }),
  ),

  sample("lines", "log", { ...log, status: statuses.running, lines }, teacher),
  sample(
    "failed",
    "log",
    { ...log, status: statuses.failed, lines: crashed.log, lastFailure: crashed },
    teacher,
  ),
  sample(
    "named",
    "log",
    {
      ...log,
      status: statuses.running,
      lines,
      title: longServer,
      backUrl: "/hub/admin/people/kofi",
    },
    teacher,
  ),
  sample("empty", "log", { ...log, status: statuses.stopped, lines: [] }, teacher),
];

/** A class of so many, for weight and speed. */
export function classOf(count: number): Pages["class"] {
  const kinds = [statuses.running, statuses.stopped, statuses.starting, statuses.queued];
  return {
    ...classPage,
    rows: Array.from({ length: count }, (_, index) =>
      classRow(`student.${index}`, `Student Number ${index}`, kinds[index % 4] ?? statuses.stopped),
    ),
  };
}
export const teacherFrame: Frame = { ...teacher, nav: "class" };

function part<Name extends PartName>(label: string, name: Name, model: Parts[Name]): Sample {
  return {
    label: `${name}-${label}`,
    render: (views, { language = "en", theme = "system", change = same } = {}) =>
      views.part(name, change(model), change({ ...teacher, language, theme })),
  };
}

export const partSamples: readonly Sample[] = [
  ...Object.entries(statuses).flatMap(([label, status]) => [
    part(label, "notebookStatus", notebook(status)),
    part(label, "waitingStatus", waiting(status)),
  ]),
  ...rows.map((row) => part(row.name, "classRow", row)),
  part("some", "namedServers", someNamed),
  part("none", "namedServers", noNamed),
  part("some", "classTiles", classPage.tiles),
  part("some", "newcomers", newcomers),
  part("none", "newcomers", noNewcomers),
];
