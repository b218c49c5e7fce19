/** Where files stay. Nobody else knows what a home is made of. */
import type { Readable } from "node:stream";
import type { ServerId, UserId } from "#src/stores/records.ts";

export interface Homes {
  /** Makes the home of this user when there is none, owned by the notebook's user, with the skeleton files. */
  ensure(userId: UserId, signal: AbortSignal): Promise<void>;
  /**
   * Removes it for good; with a server, the files that are this server's alone. Removing what is not there is not an
   * error.
   */
  remove(userId: UserId, signal: AbortSignal, serverId?: ServerId): Promise<void>;
  /** Bytes that its files fill, and files counted; with a server, of the files that are this server's alone. */
  usage(
    userId: UserId,
    signal: AbortSignal,
    serverId?: ServerId,
  ): Promise<{ bytes: number; files: number }>;
  /**
   * A tar of `path` (relative to the home, `.` for all of it). Works whether or not a server runs. Names in it are
   * relative to `path`, so that they can be unpacked elsewhere; a single file has its own name. Throws `not_found`.
   */
  pack(userId: UserId, path: string, signal: AbortSignal): Promise<Readable>;
  /** Puts the entries of `tar` below `path`, as the notebook's user. Nothing can land outside the home. */
  unpack(userId: UserId, path: string, tar: Readable, signal: AbortSignal): Promise<void>;
  /**
   * As `unpack`, all of it or nothing: a tar that ends too early changes nothing. Throws `archive_incomplete`.
   * Files of the same name are replaced. `where` is asked for the path when all has come in, which may take hours; what
   * it throws is thrown, and changes nothing.
   */
  receive(userId: UserId, where: () => string, tar: Readable, signal: AbortSignal): Promise<void>;
}
