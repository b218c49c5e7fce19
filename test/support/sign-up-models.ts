/** Models of the pages for people who make their own account, in every state that looks different. */
import type { Pages } from "#src/views/pages.ts";
import type { Newcomers } from "#src/views/sign-up-pages.ts";

const longName =
  "Maximilian-Alexander Ferdinand von und zu Hohenlohe-Waldenburg-Schillingsfürst der Jüngere";
const nothingTyped = { displayName: "", username: "", code: "", classId: "" };
const typed = { displayName: "María López", username: "Maria", code: "K7QM-4XWP", classId: "b" };
const names = {
  action: "/hub/signup",
  values: nothingTyped,
  asksForCode: "no",
  classes: [],
  problems: { fields: {} },
  signInUrl: "/hub/login",
} as const;
const password = {
  action: "/hub/signup",
  values: typed,
  displayName: "María López",
  name: "maria",
  isWaiting: false,
  near: [],
  minLength: 8,
  problems: { fields: {} },
} as const;
const classes = {
  action: "/hub/admin/sign-up",
  mostPlaces: 1000,
  backUrl: "/hub/admin",
} as const;
const code = {
  code: "K7QM-4XWP",
  address: "http://box.lan/jupyterhub/hub/signup?code=K7QM-4XWP",
  taken: 17,
  places: 24,
  expires: "2026-11-22T12:00:00.000Z",
};

export const signUpNames: Readonly<Record<string, Pages["signUp"]>> = {
  open: names,
  code: { ...names, asksForCode: "yes", values: { ...nothingTyped, code: "K7QM-4XWP" } },
  classes: {
    ...names,
    asksForCode: "maybe",
    classes: [
      { id: "a", name: "Class 7a" },
      { id: "b", name: longName },
    ],
    values: { ...typed, code: "" },
  },
  taken: {
    ...names,
    asksForCode: "yes",
    values: typed,
    problems: { fields: { username: { code: "name_taken", params: { name: "maria" } } } },
    proposal: "maria.lopez",
    signInUrl: "/hub/login?username=maria",
  },
  refused: {
    ...names,
    asksForCode: "yes",
    values: typed,
    problems: {
      form: { code: "sign_up_limit", params: { minutes: 12 } },
      fields: {
        code: { code: "join_code_wrong", params: {} },
        display_name: { code: "display_name_missing", params: {} },
      },
    },
  },
};

export const signUpPasswords: Readonly<Record<string, Pages["signUpPassword"]>> = {
  plain: password,
  near: {
    ...password,
    name: "maria.lopez",
    group: { name: "Class 7a" },
    near: [
      { name: "maria", isWaiting: false, signInUrl: "/hub/login?username=maria" },
      { name: "mario", isWaiting: true, signInUrl: "/hub/login?username=mario" },
    ],
  },
  refused: {
    ...password,
    displayName: longName,
    name: "maximilian.alexander.ferdinand.von.und.zu.hohenlohe-waldenburg-x",
    isWaiting: true,
    problems: {
      fields: { password: { code: "password_too_short", params: { minimum: 8 } } },
    },
  },
};

export const signUpClasses: Readonly<Record<string, Pages["signUpClasses"]>> = {
  off: { ...classes, classes: [{ id: "a", name: "Class", state: "off" }] },
  code: {
    ...classes,
    notice: "code",
    classes: [{ id: "a", name: "Class", state: "code", code }],
  },
  many: {
    ...classes,
    problem: { code: "places_wrong", params: { limit: 1000 } },
    classes: [
      { id: "a", name: longName, state: "over", code: { ...code, taken: 1 } },
      { id: "b", name: "Class 7b", state: "full", code: { ...code, taken: 24 } },
      { id: "c", name: "Class 7c", state: "open" },
      {
        id: "d",
        name: "Class 7d",
        state: "code",
        code: { code: code.code, address: code.address, taken: 1 },
      },
    ],
  },
  opened: { ...classes, notice: "open", classes: [{ id: "a", name: "Class", state: "open" }] },
  closed: { ...classes, notice: "off", classes: [{ id: "a", name: "Class", state: "off" }] },
  none: { ...classes, classes: [] },
};

function newcomer(name: string, displayName: string, address: string): Newcomers["people"][number] {
  return {
    name,
    displayName,
    joined: { at: "2026-11-22T09:58:00.000Z", address },
    acceptUrl: `/hub/admin/people/${name}/accept`,
    refuseUrl: `/hub/admin/people/${name}/refuse`,
  };
}

export const noNewcomers: Newcomers = { people: [] };
export const newcomers: Newcomers = {
  people: [
    newcomer("tom", "Tom", "192.168.1.31"),
    newcomer("max", longName, "2001:db8:85a3:8d3:1319:8a2e:370:7348"),
    newcomer("sara2", "سارة", ""),
  ],
};
