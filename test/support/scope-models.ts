/** Scopes as pages show them: all that there are, and with each kind of filter. */
import { scopeNames } from "#src/scopes/scope-names.ts";
import { scopeLines } from "#src/views/scope-lines.ts";

export const someScopes = scopeLines(
  ["read:users!user=maria", "access:servers!server=maria/", "users:activity!user=maria"],
  "maria",
);

export const allScopes = scopeLines(
  [
    ...scopeNames,
    "tokens!user=kofi",
    "list:users!group=Biology 7B",
    "start:servers!server=maria/statistics II",
    "read:servers!server=kofi/",
    "read:servers!server=kofi/statistics II",
    "access:services!service=grader",
    "newer:servers",
  ],
  "maria",
);
