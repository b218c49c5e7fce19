import type { HubError } from "#src/errors.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Pages } from "#src/views/pages.ts";

/** What went wrong, in words for its reader, and where to go from there. */
export function messageModel(
  failure: HubError,
  visitor: UserRecord | undefined,
  urls: { readonly home: string; readonly login: string },
): Pages["message"] {
  return {
    status: failure.status,
    failure: failure.toData(),
    reader: visitor === undefined || visitor.role === "student" ? "student" : "teacher",
    action:
      visitor === undefined
        ? { href: urls.login, label: "sign_in" }
        : { href: urls.home, label: "home" },
  };
}
