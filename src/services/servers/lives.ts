import type { ServerId, UserId } from "#src/stores/records.ts";
import type { ServerLife } from "./server-life.ts";

/** The servers of this hub, by their id and by whose they are. */
export class Lives implements Iterable<ServerLife> {
  readonly #byId = new Map<ServerId, ServerLife>();
  readonly #byUser = new Map<UserId, Map<string, ServerLife>>();

  add(life: ServerLife): void {
    this.#byId.set(life.serverId, life);
    const ofUser = this.#byUser.get(life.userId) ?? new Map<string, ServerLife>();
    this.#byUser.set(life.userId, ofUser.set(life.name, life));
  }

  /** As if there had never been such a server. */
  remove(life: ServerLife): void {
    this.#byId.delete(life.serverId);
    const ofUser = this.#byUser.get(life.userId);
    if (ofUser?.get(life.name) === life) ofUser.delete(life.name);
    if (ofUser?.size === 0) this.#byUser.delete(life.userId);
  }

  get(serverId: ServerId): ServerLife | undefined {
    return this.#byId.get(serverId);
  }

  find(userId: UserId, name: string): ServerLife | undefined {
    return this.#byUser.get(userId)?.get(name);
  }

  ofUser(userId: UserId): readonly ServerLife[] {
    return Array.from(this.#byUser.get(userId)?.values() ?? []);
  }

  [Symbol.iterator](): Iterator<ServerLife> {
    return this.#byId.values();
  }
}
