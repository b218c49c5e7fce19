/** Models of the pages about notebooks that have a name. */
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Pages } from "#src/views/pages.ts";
import type { NamedServers, NewServer } from "#src/views/server-pages.ts";

export const longName = "Wahrscheinlichkeitsrechnung-und-mathematische-Statistik-II";

function row(name: string, status: ServerStatus, title = name): NamedServers["rows"][number] {
  const place = `maria/${encodeURIComponent(name)}`;
  return {
    name,
    title,
    status,
    openUrl: `/hub/spawn/${place}`,
    stopUrl: `/hub/stop/${place}`,
    deleteUrl: `/hub/delete-server/${place}`,
  };
}

const failed: ServerStatus = {
  is: "stopped",
  lastFailure: {
    code: "image_missing",
    params: { image: "r-notebook" },
    at: "2026-11-22T09:00:00.000Z",
    log: [],
  },
};
const running: ServerStatus = {
  is: "running",
  started: "2026-11-22T09:00:00.000Z",
  generation: 1,
  upstream: { host: "10.213.0.2", port: 8888 },
};

export const noNamed: NamedServers = { rows: [] };
export const someNamed: NamedServers = {
  rows: [
    row("physics", running, "Physics, lesson 3"),
    row(longName, { is: "stopped" }),
    row("quiz", { is: "queued", since: "2026-11-22T09:59:00.000Z", place: 2 }),
    row("été", failed),
    row("old", { is: "stopping", since: "2026-11-22T09:59:58.000Z" }),
  ],
};

export const newServers: Readonly<Record<string, NewServer>> = {
  free: { action: "/hub/servers", limit: 8, typed: "" },
  full: { limit: 5, typed: "" },
  refused: {
    action: "/hub/servers",
    limit: 8,
    typed: "a/b",
    problem: { code: "server_name_wrong", params: { name: "a/b", limit: 64 } },
  },
};

const choices = [
  { key: "default", isChosen: false },
  { key: "r", title: "R and statistics", isChosen: true },
  { key: "long", title: longName, isChosen: false },
];
const spawn: Pages["spawn"] = {
  action: "/hub/spawn/maria?next=%2Fuser%2Fmaria%2Flab",
  isNew: false,
  choices,
  homeUrl: "/hub/home",
};

export const spawns: Readonly<Record<string, Pages["spawn"]>> = {
  choice: spawn,
  named: { ...spawn, title: longName },
  new: { ...spawn, title: "physics", isNew: true, choices: [] },
  refused: {
    ...spawn,
    problem: { code: "profile_not_offered", params: { profile: "x", offered: "default, r" } },
  },
};

const deletion: Pages["deleteServer"] = {
  action: "/hub/delete-server/maria/physics",
  title: "Physics, lesson 3",
  isRunning: false,
  hasOwnFiles: false,
  backUrl: "/hub/home",
};

export const deletions: Readonly<Record<string, Pages["deleteServer"]>> = {
  rests: deletion,
  "own-files": { ...deletion, title: longName, hasOwnFiles: true, isRunning: true },
  "of-other": { ...deletion, of: "María López", isRunning: true },
};

/** As staff see them: opened by nobody but their person. */
export const namedOfOther: NamedServers = {
  rows: someNamed.rows.map(({ openUrl: _, ...rest }) => ({
    ...rest,
    logUrl: `/hub/admin/people/maria/log/${encodeURIComponent(rest.name)}`,
  })),
};
