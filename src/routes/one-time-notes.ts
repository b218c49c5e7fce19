/** Secrets on their way from the POST that made them to the one page that shows them. */
import { makeId } from "#src/stores/ids.ts";
import type { SessionId } from "#src/stores/records.ts";
import type { Pages } from "#src/views/pages.ts";

/** First passwords. */
export type Note = Omit<Pages["firstPasswords"], "address">;

const LIFE_MS = 15 * 60_000;

export class OneTimeNotes<Content = Note> {
  readonly #notes = new Map<string, { readonly session: SessionId; readonly note: Content }>();

  /** The answer is the note's name in the URL; it says nothing about what it holds. */
  leave(session: SessionId, note: Content): string {
    const id = makeId();
    this.#notes.set(id, { session, note });
    setTimeout(() => this.#notes.delete(id), LIFE_MS).unref();
    return id;
  }

  /** Once, and only by the session that left it. */
  take(session: SessionId, id: string): Content | undefined {
    const found = this.#notes.get(id);
    if (found?.session !== session) return undefined;
    this.#notes.delete(id);
    return found.note;
  }
}
