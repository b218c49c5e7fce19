import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OneTimeNotes, type Note } from "#src/routes/one-time-notes.ts";
import { makeId } from "#src/stores/ids.ts";

const note: Note = {
  cards: [{ displayName: "María", name: "maria", password: "red-lamp-river-42" }],
  refused: [],
  reason: "reset",
  back: "class",
  backUrl: "/hub/admin",
};

describe("first passwords on their way to a page", () => {
  it("are handed out once", () => {
    const notes = new OneTimeNotes();
    const session = makeId<"session">();
    const id = notes.leave(session, note);
    assert.deepEqual(notes.take(session, id), note);
    assert.equal(notes.take(session, id), undefined);
  });

  it("are for the session that asked for them", () => {
    const notes = new OneTimeNotes();
    const session = makeId<"session">();
    const id = notes.leave(session, note);
    assert.equal(notes.take(makeId<"session">(), id), undefined);
    assert.deepEqual(notes.take(session, id), note);
  });
});
