/** Models of the pages about notebooks that others may open. */
import type { Pages } from "#src/views/pages.ts";

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
    otherScopes: ["read:logs"],
  },
};

export const visitingLogins: Readonly<Record<string, NonNullable<Pages["login"]["visiting"]>>> = {
  visiting: { ownerName: "Kofi Mensah", backUrl: "/user/kofi/" },
  "visiting-closed": { ownerName: longName },
  "visiting-nobody": { ownerName: "" },
};
