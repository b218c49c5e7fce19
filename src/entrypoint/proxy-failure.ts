/** How a container may fail a request. */
import { SlowHeadError } from "./slow-heads.ts";

/** `unreachable`: there is no connection, or it broke before a reply. `bad_reply`: a reply that cannot be passed on. */
export type ProxyFailure = "unreachable" | "bad_reply";

/** What a failure of the connection to a container, or of Node's parser of its reply, comes to. */
export function proxyFailureOf(error: unknown): ProxyFailure {
  if (error instanceof SlowHeadError) return "bad_reply";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("HPE_") || code.startsWith("ERR_") ? "bad_reply" : "unreachable";
}
