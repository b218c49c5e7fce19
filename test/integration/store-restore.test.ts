/** A database that is damaged or gone comes back from its exports and journals, and says what is missing. */
import assert from "node:assert/strict";
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { failureText, HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import { makeId } from "#src/stores/ids.ts";
import { folderNumber, RestoreLock } from "#src/stores/level/restore-lock.ts";
import type { AuditRecord, UserId } from "#src/stores/records.ts";
import { restoredNotice, restoredWasRead } from "#src/stores/restored.ts";
import type { Store } from "#src/stores/store.ts";
import { copyAsKilled, filesBeside, makeFolder, type Folder } from "#test/support/folder.ts";
import { ManualTimer } from "#test/support/manual-timer.ts";
import { openInChild } from "#test/support/opening-child.ts";
import { MovableClock } from "#test/support/people.ts";
import { addPerson, collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const log = silentLog;

describe("a restored database", () => {
  let folder: Folder;
  let clock: MovableClock;
  let timer: ManualTimer;

  beforeEach(async () => {
    folder = await makeFolder();
    clock = new MovableClock();
    timer = new ManualTimer();
  });

  afterEach(() => folder.remove());

  const open = () => openStore(folder.path, { log, clock, later: timer.later });
  const inData = (name: string) => join(folder.path, name);

  /** As a kill leaves it: a copy of the folder while the store is open. */
  async function killed(store: Store): Promise<void> {
    const copy = `${folder.path}-copy`;
    await copyAsKilled(folder.path, copy);
    await store.close();
    await rm(folder.path, { recursive: true });
    await rename(copy, folder.path);
  }

  async function exportsIn(): Promise<string[]> {
    const names = await readdir(inData("exports"));
    return names.filter((name) => name.endsWith(".gz")).toSorted();
  }

  async function journalsIn(): Promise<string[]> {
    const names = await readdir(inData("exports"));
    return names.filter((name) => name.endsWith(".journal")).toSorted();
  }

  /** Ana in an export, Juan in the journal after it, as a kill leaves it. */
  async function makeKilled(): Promise<void> {
    const first = await open();
    await addPerson(first, "ana");
    await first.close();
    const second = await open();
    clock.pass(60_000);
    await addPerson(second, "juan");
    await killed(second);
  }

  it("has everything that was acknowledged, and says that nothing is lost", async () => {
    await makeKilled();
    await rm(inData("db"), { recursive: true });
    await using store = await open();
    assert.deepEqual(namesIn(store), ["ana", "juan"]);
    const { restored } = store.health();
    assert.ok(restored !== undefined);
    assert.equal(restored.lostChanges, 0);
    assert.equal(restored.upTo, "2026-11-22T08:01:00.000Z");
    assert.match(restored.reason, /empty|CURRENT is missing/);
    assert.match(failureText(restoredNotice(restored), "teacher"), /Nothing was lost/);
    const [newest, ...older] = await collect(store.audit());
    assert.equal(newest?.action, "store.restored");
    assert.equal(newest.actor, "hub");
    assert.deepEqual(newest.detail, { lostChanges: 0, exportMade: "2026-11-22T08:00:00.000Z" });
    assert.deepEqual(
      older.map(({ subjectName }) => subjectName),
      ["juan", "ana"],
    );
  });

  it("says what is lost, since when, and that older passwords are back", async () => {
    await makeKilled();
    await rm(inData("db"), { recursive: true });
    for (const name of await journalsIn()) {
      await rm(inData(`exports/${name}`));
    }
    await using store = await open();
    assert.deepEqual(namesIn(store), ["ana"]);
    const { restored } = store.health();
    assert.ok(restored !== undefined);
    assert.equal(restored.lostChanges, 1);
    const words = failureText(restoredNotice(restored), "teacher");
    assert.match(words, /Changes lost since then: 1\./);
    assert.match(words, /on 2026-11-22 08:00 \(UTC\)/);
    assert.match(words, /has the old one again/);
  });

  it("keeps the damaged files aside, the last three of them", async () => {
    await makeKilled();
    for (let round = 1; round <= 4; round += 1) {
      const tag = `damaged in round ${round}`;
      await writeFile(join(inData("db"), "CURRENT"), tag);
      await (await open()).close();
      const { aside } = await restoredNote();
      assert.equal(aside, `db.damaged-${round}`);
      assert.equal(await readFile(join(inData(aside), "CURRENT"), "utf8"), tag);
    }
    const names = (await readdir(folder.path)).filter((name) => name.startsWith("db"));
    assert.deepEqual(names.toSorted(), ["db", "db.damaged-2", "db.damaged-3", "db.damaged-4"]);
  });

  async function restoredNote() {
    await using store = await open();
    const { restored } = store.health();
    assert.ok(restored !== undefined);
    return restored;
  }

  it("tells of it after every start until somebody has taken notice", async () => {
    await makeKilled();
    await rm(inData("db"), { recursive: true });
    const told = await restoredNote();
    assert.deepEqual(await restoredNote(), told);
    {
      await using store = await open();
      await store.change(() => ({ writes: [restoredWasRead], result: undefined }));
      assert.equal(store.health().restored, undefined);
    }
    await using store = await open();
    assert.equal(store.health().restored, undefined);
  });

  it("adds up what was lost when it is restored twice before anybody took notice", async () => {
    await makeKilled();
    await rm(inData("db"), { recursive: true });
    for (const name of await journalsIn()) {
      await rm(inData(`exports/${name}`));
    }
    await (await open()).close();
    await rm(inData("db"), { recursive: true });
    const { lostChanges, upTo } = await restoredNote();
    assert.equal(lostChanges, 1);
    assert.equal(upTo, "2026-11-22T08:00:00.000Z");
  });

  it("ends all sessions, tokens and shares: one that had ended could come back", async () => {
    const store = await open();
    const id = makeId<"session">();
    const token = makeId<"token">();
    const [ownerId, guest] = [makeId<"user">(), makeId<"user">()];
    const serverId = makeId<"server">();
    const code = makeId<"shareCode">();
    const secret = "0".repeat(64) as never;
    const at = "2026-01-01T00:00:00.000Z";
    await store.change(() => ({
      writes: [
        {
          put: "sessions",
          key: id,
          record: {
            id,
            userId: makeId<"user">(),
            hubSecret: secret,
            siteSecret: secret,
            created: at,
            lastSeen: at,
            mustChangePassword: false,
            device: "",
            address: "",
          },
        },
        {
          put: "tokens",
          key: token,
          record: { id: token, number: 1, secret, note: "", scopes: ["inherit"], created: at },
        },
        {
          put: "shares",
          key: `${ownerId}!${serverId}!${guest}`,
          record: {
            ownerId,
            serverId,
            with: { kind: "user", id: guest },
            scopes: ["access:servers"],
            created: at,
          },
        },
        {
          put: "shareCodes",
          key: code,
          record: {
            id: code,
            number: 1,
            ownerId,
            serverId,
            secret,
            scopes: ["access:servers"],
            created: at,
            exchangeCount: 0,
          },
        },
      ],
      result: undefined,
    }));
    await store.close();
    await rm(inData("db"), { recursive: true });
    await using again = await open();
    const ended = ["sessions", "tokens", "shares", "shareCodes"] as const;
    for (const collection of ended) {
      assert.deepEqual([...again.entries(collection)], [], collection);
    }
  });

  it("comes from an older export and all journals since, when the newest export is damaged", async () => {
    await makeKilled();
    const third = await open();
    await third.close();
    const fourth = await open();
    await addPerson(fourth, "maria");
    await killed(fourth);
    const [newest = ""] = (await exportsIn()).slice(-1);
    await truncate(inData(`exports/${newest}`), 100);
    await rm(inData("db"), { recursive: true });
    await using store = await open();
    assert.deepEqual(namesIn(store), ["ana", "juan", "maria"]);
    assert.equal(store.health().restored?.lostChanges, 0);
  });

  it("stops at a gap in the journal, for what follows builds on what is missing", async () => {
    const store = await open();
    for (const name of ["ana", "juan", "maria"]) {
      await addPerson(store, name);
    }
    await killed(store);
    const journals = await journalsIn();
    assert.equal(journals.length, 1);
    const path = inData(`exports/${journals[0]}`);
    const lines = (await readFile(path, "utf8")).split("\n");
    lines.splice(1, 1);
    await writeFile(path, lines.join("\n"));
    await rm(inData("db"), { recursive: true });
    await using again = await open();
    assert.deepEqual(namesIn(again), ["ana"]);
    assert.equal(again.health().restored?.lostChanges, 2);
  });

  it("does not mix what was lost with what came after", async () => {
    await makeKilled();
    const path = inData(`exports/${(await journalsIn()).at(-1)}`);
    const journal = await readFile(path);
    await rm(path);
    await rm(inData("db"), { recursive: true });
    {
      const store = await open();
      await addPerson(store, "maria");
      await killed(store);
    }
    // The old journal, as if it had been there all the time.
    await writeFile(path, journal);
    await rm(inData("db"), { recursive: true });
    await using store = await open();
    assert.deepEqual(namesIn(store), ["ana", "maria"]);
  });

  it("is made anew when marker and database are gone, but exports are there", async () => {
    await makeKilled();
    await rm(inData("db"), { recursive: true });
    await rm(inData("initialised"));
    await using store = await open();
    assert.deepEqual(namesIn(store), ["ana", "juan"]);
    assert.equal(store.health().restored?.lostChanges, 0);
  });

  it("is refused in words when no export is whole either, and nothing is changed", async () => {
    await makeKilled();
    for (const name of await exportsIn()) {
      await truncate(inData(`exports/${name}`), 50);
    }
    await writeFile(join(inData("db"), "CURRENT"), "");
    for (let round = 0; round < 2; round += 1) {
      await assert.rejects(open(), (error) => {
        assert.ok(error instanceof HubError && error.code === "database_unreadable");
        assert.match(failureText(error, "teacher"), /none of the \d exports beside it is whole/);
        return true;
      });
      assert.equal((await stat(join(inData("db"), "CURRENT"))).size, 0);
      assert.deepEqual(await filesBeside(folder.path), ["db", "exports", "initialised"]);
    }
  });

  it("is refused while another hub has it", async () => {
    await using store = await open();
    await addPerson(store, "ana");
    await rm(join(inData("db"), "CURRENT"));
    // In one process LevelDB's lock is by name alone, so the other hub is another process.
    const outcome = await openInChild(folder.path);
    assert.ok(
      "refused" in outcome && outcome.refused === "database_locked",
      JSON.stringify(outcome),
    );
    assert.equal(outcome.detail, inData("db"));
    assert.deepEqual(
      (await readdir(folder.path)).filter((name) => name.startsWith("db")),
      ["db"],
    );
  });

  it("is restored by one of several hubs that start at once; the others are told that it is in use", async () => {
    await makeKilled();
    const original = `${folder.path}-original`;
    await cp(folder.path, original, { recursive: true });
    const damages: readonly (() => Promise<void>)[] = [
      () => rm(join(inData("db"), "CURRENT")),
      () => rm(inData("db"), { recursive: true }),
      // Found only after it was opened.
      async () => {
        const name = (await readdir(inData("db"))).find((file) => file.endsWith(".log")) ?? "";
        const path = join(inData("db"), name);
        await truncate(path, Math.floor((await stat(path)).size / 2));
      },
    ];
    for (const damage of damages) {
      await rm(folder.path, { recursive: true });
      await cp(original, folder.path, { recursive: true });
      await damage();
      const outcomes = await Promise.all([1, 2, 3].map(() => openInChild(folder.path)));
      for (const outcome of outcomes) {
        const isRight =
          "refused" in outcome ? outcome.refused === "database_locked" : "rows" in outcome;
        assert.ok(isRight, JSON.stringify(outcome));
      }
      assert.ok(outcomes.some((outcome) => "rows" in outcome));
      await using store = await open();
      assert.deepEqual(namesIn(store), ["ana", "juan"]);
      assert.equal(store.health().restored?.lostChanges, 0);
    }
    await rm(original, { recursive: true });
  });

  it("is left alone when another hub has restored it since it was found damaged", async () => {
    await makeKilled();
    const seen = await folderNumber(inData("db"));
    await rename(inData("db"), inData("db.damaged-1"));
    await mkdir(inData("db"));
    await assert.rejects(RestoreLock.take(inData("db"), seen), (error) => {
      assert.ok(error instanceof HubError && error.code === "database_locked");
      return true;
    });
    assert.deepEqual(
      (await readdir(folder.path)).filter((name) => name.startsWith("db")),
      ["db", "db.damaged-1"],
    );
  });

  describe("killed in the middle", () => {
    it("is the same restore again, or the finished one, wherever it stopped", async () => {
      await makeKilled();
      await writeFile(join(inData("db"), "CURRENT"), "damaged");
      const original = `${folder.path}-original`;
      await cp(folder.path, original, { recursive: true });
      await (await open()).close();
      const restored = `${folder.path}-restored`;
      await cp(folder.path, restored, { recursive: true });
      /** What lies there after each step. */
      const steps: readonly (() => Promise<void>)[] = [
        // Half of the new database.
        async () => {
          await mkdir(inData("db.restoring"));
          await writeFile(join(inData("db.restoring"), "CURRENT"), "MANIFEST");
          await mkdir(inData("db.lock-of-it"));
        },
        // The new one is there.
        () => cp(join(restored, "db"), inData("db.restored"), { recursive: true }),
        // The damaged one is aside.
        async () => {
          await cp(join(restored, "db"), inData("db.restored"), { recursive: true });
          await rename(inData("db"), inData("db.damaged-1"));
        },
      ];
      for (const step of steps) {
        await rm(folder.path, { recursive: true });
        await cp(original, folder.path, { recursive: true });
        await step();
        await using store = await open();
        assert.deepEqual(namesIn(store), ["ana", "juan"]);
        assert.equal(store.health().restored?.lostChanges, 0);
        assert.equal(store.health().restored?.aside, "db.damaged-1");
      }
      await rm(original, { recursive: true });
      await rm(restored, { recursive: true });
    });
  });

  describe("its audit", () => {
    const [maria, jose] = [makeId<"user">(), makeId<"user">()] as [UserId, UserId];
    const line = (subject: UserId, subjectName: string): AuditRecord => ({
      at: "2026-11-22T07:00:00.000Z",
      action: "user.added",
      actor: "console",
      actorName: "console",
      subject,
      subjectName,
    });

    it("has lines that are in no export any more, as far as the damaged files have them", async () => {
      const store = await open();
      const some = 2500;
      for (let round = 0; round < 5; round += 1) {
        await store.change(() => ({
          writes: Array.from({ length: some }, () => ({ audit: line(maria, "maria") })),
          result: undefined,
        }));
      }
      await store.close();
      await writeFile(join(inData("db"), "CURRENT"), "damaged");
      await using again = await open();
      assert.equal((await collect(again.audit())).length, 5 * some + 1);
      assert.deepEqual((await again.verify()).problems, []);
    });

    it("may have a gap that is known, and opens again", async () => {
      const store = await open();
      const writes = Array.from({ length: 10_050 }, () => ({ audit: line(maria, "maria") }));
      await store.change(() => ({ writes, result: undefined }));
      await store.close();
      await rm(inData("db"), { recursive: true });
      for (let round = 0; round < 2; round += 1) {
        await using again = await open();
        assert.equal((await collect(again.audit())).length, 10_001);
        assert.deepEqual((await again.verify()).problems, []);
        assert.equal(again.health().restored?.lostChanges, 0);
      }
    });

    for (const isLogThere of [true, false]) {
      const what = isLogThere ? "" : ", which have lost that the names went";
      it(`keeps out the names of who was erased, in the journal and in the damaged files${what}`, async () => {
        const store = await open();
        const writes = Array.from({ length: 10_001 }, () => ({ audit: line(jose, "jose") }));
        await store.change(() => ({
          writes: [{ audit: line(maria, "maria") }, ...writes],
          result: undefined,
        }));
        await store.close();
        const second = await open();
        await second.change(() => ({ writes: [{ redact: maria }], result: undefined }));
        await second.change(() => ({ writes: [{ redact: jose }], result: undefined }));
        await killed(second);
        await writeFile(join(inData("db"), "CURRENT"), "damaged");
        for (const name of isLogThere ? [] : await readdir(inData("db"))) {
          if (name.endsWith(".log")) await rm(join(inData("db"), name));
        }
        await using again = await open();
        assert.equal((await collect(again.audit())).length, 10_003);
        const named = (await collect(again.audit())).filter(
          ({ subjectName }) => subjectName === "maria" || subjectName === "jose",
        );
        assert.equal(named.length, 0);
      });
    }
  });
});
