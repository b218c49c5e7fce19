/** Who does something, as the audit tells it. */
import type { Role, UserId } from "#src/stores/records.ts";

export interface Actor {
  /**
   * A user's id, or who stands behind the control socket, or the hub itself, or a service of the configuration,
   * or nobody who is signed in.
   */
  readonly id: UserId | "console" | "hub" | "service" | "anonymous";
  readonly name: string;
  /** Of a person, as it was when the request came. */
  readonly role?: Role;
  readonly address?: string;
  /** Id of the request, as in the log. */
  readonly request?: string;
}
