/** Reading the audit: newest first, and never without an end. */
import { isoTime, type Clock } from "#src/clock.ts";
import type { AuditRecord, IsoTime, UserId } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import type { Actor } from "./actor.ts";
import { auditRow } from "./audit.ts";

/** A page looks at so many rows and no more: some weeks of a school. What is older is in the export. */
const MOST_ROWS = 10_000;

export type MayRead = (line: AuditRecord) => boolean;

interface AuditLogParts {
  readonly store: Pick<Store, "audit" | "change">;
  readonly clock: Clock;
  readonly mostRows?: number;
}

export class AuditLog {
  readonly #parts: AuditLogParts;

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
  }

  /** The newest lines, at most `limit`; with `about`, those that this person did or that were done to them. */
  async recent(options: {
    readonly limit: number;
    readonly about?: UserId;
    readonly mayRead?: MayRead;
  }): Promise<readonly AuditRecord[]> {
    const { limit, about, mayRead = () => true } = options;
    const found: AuditRecord[] = [];
    if (limit < 1) return found;
    for await (const line of this.#newest()) {
      if ((about !== undefined && !isAbout(line, about)) || !mayRead(line)) continue;
      found.push(line);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** As `recent`, and the line that tells how the account was made, when it is not too long ago. */
  async ofPerson(
    about: UserId,
    options: { readonly limit: number; readonly mayRead?: MayRead },
  ): Promise<{ readonly lines: readonly AuditRecord[]; readonly made?: AuditRecord }> {
    const { limit, mayRead = () => true } = options;
    const lines: AuditRecord[] = [];
    for await (const line of this.#newest()) {
      if (!isAbout(line, about)) continue;
      if (lines.length < limit && mayRead(line)) lines.push(line);
      if (line.subject === about && isMaking(line)) return { lines, made: line };
    }
    return { lines };
  }

  /** For each of these people, the newest line that says that they were put into the trash. */
  async removals(ids: ReadonlySet<UserId>): Promise<ReadonlyMap<UserId, AuditRecord>> {
    const found = new Map<UserId, AuditRecord>();
    if (ids.size === 0) return found;
    for await (const line of this.#newest()) {
      const { subject } = line;
      if (line.action !== "user.removed" || subject === undefined || !ids.has(subject)) continue;
      if (!found.has(subject)) found.set(subject, line);
      if (found.size === ids.size) break;
    }
    return found;
  }

  /** Everything there is, newest first; that it was taken out is a line of the audit, too. */
  async export(
    actor: Actor,
    mayRead: MayRead,
  ): Promise<{ readonly at: IsoTime; readonly lines: AsyncIterable<AuditRecord> }> {
    const { store, clock } = this.#parts;
    const row = auditRow({ action: "audit.exported", actor }, clock);
    await store.change(() => ({ writes: [row], result: undefined }));
    return { at: isoTime(clock), lines: readable(store.audit(), mayRead) };
  }

  #newest(): AsyncIterable<AuditRecord> {
    const { store, mostRows = MOST_ROWS } = this.#parts;
    return store.audit({ limit: mostRows });
  }
}

async function* readable(
  lines: AsyncIterable<AuditRecord>,
  mayRead: MayRead,
): AsyncGenerator<AuditRecord> {
  for await (const line of lines) {
    if (mayRead(line)) yield line;
  }
}

function isAbout(line: AuditRecord, user: UserId): boolean {
  return line.subject === user || line.actor === user;
}

function isMaking({ action }: AuditRecord): boolean {
  return action === "user.added" || action === "user.joined" || action === "setup.done";
}
