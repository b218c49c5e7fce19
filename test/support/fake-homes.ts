/** Homes in memory: paths and contents. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { posix } from "node:path";
import tar from "tar-stream";
import { HubError } from "#src/errors.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { ServerId, UserId } from "#src/stores/records.ts";

export class FakeHomes implements Homes {
  readonly files = new Map<UserId, Map<string, Buffer>>();
  /** What counting and removing end with while it is set. */
  failure: HubError | undefined;

  async ensure(userId: UserId): Promise<void> {
    this.#home(userId);
  }

  /** Files that are one server's alone. */
  readonly ofServers = new Map<ServerId, readonly Buffer[]>();
  /** Servers whose own files were removed. */
  readonly removed: ServerId[] = [];

  async remove(userId: UserId, _signal?: AbortSignal, serverId?: ServerId): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (serverId === undefined) this.files.delete(userId);
    else this.removed.push(serverId);
  }

  async usage(
    userId: UserId,
    _signal?: AbortSignal,
    serverId?: ServerId,
  ): Promise<{ bytes: number; files: number }> {
    if (this.failure !== undefined) throw this.failure;
    const ofServer = serverId === undefined ? undefined : (this.ofServers.get(serverId) ?? []);
    const contents = ofServer ?? Array.from(this.#home(userId).values());
    return { bytes: contents.reduce((sum, each) => sum + each.length, 0), files: contents.length };
  }

  async pack(userId: UserId, path: string): Promise<Readable> {
    const inside = requireInside(path);
    const found = Array.from(this.#home(userId)).filter(([name]) => isBelow(name, inside));
    if (found.length === 0 && posix.normalize(inside) !== ".") throw new HubError("not_found");
    const pack = tar.pack();
    for (const [name, content] of found) {
      pack.entry({ name: posix.relative(inside, name) || posix.basename(name) }, content);
    }
    pack.finalize();
    return Readable.from(pack);
  }

  async unpack(userId: UserId, path: string, archive: Readable): Promise<void> {
    const inside = requireInside(path);
    const home = this.#home(userId);
    const extract = tar.extract();
    const done = pipeline(archive, extract);
    for await (const entry of extract) {
      const name = posix.join(inside, entry.header.name);
      const content = await buffer(entry);
      if (isBelow(name, ".") && entry.header.type === "file") home.set(name, content);
    }
    await done;
  }

  async receive(userId: UserId, where: () => string, archive: Readable): Promise<void> {
    const bytes = await buffer(archive);
    if (bytes.length < 1024 || bytes.subarray(-1024).some((byte) => byte !== 0)) {
      throw new HubError("archive_incomplete");
    }
    await this.unpack(userId, where(), Readable.from([bytes]));
  }

  #home(userId: UserId): Map<string, Buffer> {
    const home = this.files.get(userId) ?? new Map<string, Buffer>();
    this.files.set(userId, home);
    return home;
  }
}

function requireInside(path: string): string {
  if (isBelow(path, ".") && !posix.isAbsolute(path)) return path;
  throw new HubError("path_outside_home");
}

function isBelow(name: string, path: string): boolean {
  const relative = posix.relative(posix.join("/home", path), posix.join("/home", name));
  return relative === "" || (!relative.startsWith("..") && !posix.isAbsolute(relative));
}
