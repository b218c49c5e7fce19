/** What a client may be told and given of whoever comes from it. */
import type { Permissions } from "#src/session/identity.ts";
import { pinScope } from "#src/session/scopes/pinned.ts";
import type { Visitor } from "#src/session/visits.ts";
import {
  covers,
  expandScopes,
  formatScope,
  intersectScopes,
  parseScope,
} from "#src/scopes/scopes.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { Client, ServiceClient } from "./clients.ts";
import { visitScopes } from "./server-tokens.ts";

interface Parts {
  readonly state: StoreReader;
  readonly permissions: Permissions;
}

export class ClientAccess {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** As it is now; a session on a visit opens that server and no service. */
  mayOpen(client: Client, visitor: Visitor): boolean {
    const { permissions } = this.#parts;
    if (client.kind === "server") {
      const { owner, server } = client;
      return permissions.may({ kind: "user", ...visitor }, "access:servers", owner, server.name);
    }
    const { user, session } = visitor;
    if (session.visits !== undefined || session.mustChangePassword) return false;
    const filter = { by: "service", value: client.name } as const;
    const wanted = { name: "access:services", filter } as const;
    return covers(permissions.heldBy(user), wanted, permissions.world);
  }

  /** Whether it asks for no more than it may ever be given. */
  isUsual(wanted: readonly string[], client: Client): boolean {
    const usual = new Set(["identify", "read:users:name!user", "read:users:groups!user"]);
    if (client.kind === "service") {
      for (const scope of [...client.scopes, `access:services!service=${client.name}`]) {
        usual.add(scope);
      }
    } else {
      const { owner, server } = client;
      usual.add(`access:servers!server=${owner.name}/${server.name}`);
      usual.add(`access:servers!user=${owner.name}`);
    }
    return wanted.every((scope) => usual.has(scope));
  }

  /** In the form in which they are kept. */
  scopesFor(client: Client, user: UserRecord, wanted: readonly string[]): readonly string[] {
    if (client.kind === "server") return visitScopes(user.id, client.server);
    return [
      `access:services!service=${client.name}`,
      `read:users:groups!user=${user.id}`,
      `read:users:name!user=${user.id}`,
      ...this.powersFor(client, user, wanted),
    ];
  }

  /** Besides knowing who it is: what the person has of that; all that the service may ask for, unless it asks for less. */
  powersFor(client: ServiceClient, user: UserRecord, wanted: readonly string[]): readonly string[] {
    const { state, permissions } = this.#parts;
    const held = permissions.heldBy(user);
    return client.scopes
      .filter((text) => wanted.length === 0 || wanted.includes(text))
      .flatMap((text) => {
        const scope = parseScope(text, user.name);
        const pinned = scope && pinScope(state, scope);
        if (pinned === undefined) return [];
        const common = intersectScopes(expandScopes([pinned]), held, permissions.world);
        return common.some(({ name }) => name === pinned.name) ? [formatScope(pinned)] : [];
      });
  }
}
