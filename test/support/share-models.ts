/** Models of the pages about notebooks that others may open. */
import type { Pages } from "#src/views/pages.ts";
import { scopeLines } from "#src/views/scope-lines.ts";
import type { SharedRow, SharingCard } from "#src/views/share-pages.ts";

const longName = "Anna-Karolína Wolfeschlegelsteinhausenbergerdorff";

export const visits: Readonly<Record<string, Pages["visit"]>> = {
  running: {
    action: "/hub/visit/kofi?next=%2Fuser%2Fkofi%2Flab",
    ownerName: "Kofi Mensah",
    isRunning: true,
    homeUrl: "/hub/home",
  },
  "asleep-and-named": {
    action: "/hub/visit/anna/statistics%20II",
    ownerName: longName,
    serverName: "statistics II",
    isRunning: false,
    homeUrl: "/hub/home",
  },
};

const accepting: Pages["acceptShare"] = {
  action: "/hub/accept-share",
  code: "q3JmT0c4Zk9hUW1aS3p1c2VkX29ubHlfZm9yX3Rlc3Rz",
  ownerName: "Kofi Mensah",
  isRunning: true,
  homeUrl: "/hub/home",
  rights: ["open"],
  otherScopes: [],
};

export const acceptances: Readonly<Record<string, Pages["acceptShare"]>> = {
  running: accepting,
  "asleep-with-everything": {
    ...accepting,
    ownerName: longName,
    serverName: "statistics II",
    isRunning: false,
    rights: ["open", "start", "stop", "look"],
    otherScopes: scopeLines(["read:logs"], "maria"),
  },
};

export const visitingLogins: Readonly<Record<string, NonNullable<Pages["login"]["visiting"]>>> = {
  visiting: { ownerName: "Kofi Mensah", backUrl: "/user/kofi/" },
  "visiting-closed": { ownerName: longName },
  "visiting-nobody": { ownerName: "" },
};

const at = "2026-11-22T09:30:00.000Z";
const give: NonNullable<SharingCard["give"]> = {
  linkUrl: "/hub/sharing/link",
  lives: ["hour", "day", "week"],
  groupUrl: "/hub/sharing/group",
  groups: [],
  servers: [""],
};
const nothing: SharingCard = {
  inside: [],
  shares: [],
  links: [],
  revokeUrl: "/hub/sharing/revoke",
  revokeLinkUrl: "/hub/sharing/revoke-link",
};

export const sharingCards: Readonly<Record<string, SharingCard>> = {
  "sharing-nobody-yet": { ...nothing, give },
  "sharing-much": {
    ...nothing,
    give: { ...give, groups: ["Class", "8C"], servers: ["", "statistics II"] },
    inside: [
      { displayName: longName, lastSeen: at },
      { displayName: "Mr Okoro", lastSeen: at },
    ],
    shares: [
      { kind: "user", name: longName, opensOnly: true, id: "a.b.c" },
      { kind: "user", name: "Kofi", serverName: "statistics II", opensOnly: false, id: "a.b.d" },
      { kind: "group", name: "8C", serverName: "statistics II", opensOnly: true, id: "a.b.e" },
      { kind: "group", name: "Class", opensOnly: false, id: "a.b.f" },
    ],
    links: [
      { id: "sc_1", created: at, expires: "2026-11-23T09:30:00.000Z", uses: 1 },
      { id: "sc_2", serverName: "statistics II", created: at, uses: 12 },
    ],
    fresh: {
      url: "http://box.lan:8000/hub/accept-share?code=q3JmT0c4Zk9hUW1aS3p1c2VkX29ubHlfZm9yX3Rlc3Rz",
    },
  },
  "sharing-was-visited": { ...nothing, visited: { displayName: "Mr Okoro", at } },
  "sharing-visited": { ...nothing, inside: [{ displayName: "Mr Okoro", lastSeen: at }] },
};

export const sharedNotebooks: readonly SharedRow[] = [
  {
    ownerName: longName,
    isRunning: true,
    url: "/hub/visit/anna",
    giveBack: { url: "/hub/sharing/revoke", id: "a.b.c" },
  },
  {
    ownerName: "Mr Okoro",
    serverName: "lesson 3",
    isRunning: false,
    url: "/hub/visit/okoro/lesson%203",
  },
];
