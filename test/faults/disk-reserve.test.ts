/** A full disk with a reserve: a real file system without room. */
import assert from "node:assert/strict";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import type { LevelStore } from "#src/stores/level/level-store.ts";
import type { Store } from "#src/stores/store.ts";
import { fillDisk } from "#test/support/fill-disk.ts";
import { type LoopDisk, makeLoopDisk, whyNoLoopDisk } from "#test/support/loop-disk.ts";
import { ManualTimer } from "#test/support/manual-timer.ts";
import { addPerson, auditRecord, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const skip = (await whyNoLoopDisk()) ?? false;
const MB = 1024 * 1024;

const isWriteFailure = (error: unknown) =>
  error instanceof HubError && error.code === "database_write_failed";

describe("the reserve of a disk", { timeout: 1_800_000, skip }, () => {
  let disk: LoopDisk;
  let path: string;
  let dataDir: string;
  let timer: ManualTimer;
  let number = 0;

  before(async () => {
    disk = await makeLoopDisk(112, 500);
    path = await disk.mount();
  });
  after(() => disk?.[Symbol.asyncDispose]());
  beforeEach(() => {
    dataDir = join(path, `data${(number += 1)}`);
    timer = new ManualTimer();
  });

  const fill = () => fillDisk(join(path, "filler"));
  const empty = () => rm(join(path, "filler"), { force: true });
  const open = () => openStore(dataDir, { log: silentLog, later: timer.later });

  async function reserveBytes(): Promise<number> {
    const found = await stat(join(dataDir, "reserve")).catch(() => undefined);
    if (found !== undefined) assert.equal(found.mode & 0o777, 0o600);
    return found === undefined ? 0 : Math.min(found.size, found.blocks * 512);
  }
  const exportNames = async () =>
    (await readdir(join(dataDir, "exports"))).filter((name) => name.endsWith(".gz")).toSorted();

  async function opened(): Promise<LevelStore> {
    const store = await open();
    await untilWell(store);
    return store;
  }

  /** As often as it looks for room. */
  async function untilWell(store: LevelStore): Promise<void> {
    await timer.until(async () => {
      timer.fire();
      return (await reserveBytes()) === 8 * MB && store.health().trouble === undefined;
    });
  }

  /** What a sign-in and a sign-out write. */
  async function signIn(store: Store, count: number): Promise<void> {
    const key = `session-${count % 30}`;
    const record = {
      userId: [...store.entries("users")][0]?.[1].id,
      created: "2026-01-01T00:00:00.000Z",
      lastSeen: "2026-01-01T00:00:00.000Z",
      device: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
      count,
    };
    await store.change(() => ({
      writes: [
        { put: "settings", key, record: { value: record } },
        { audit: auditRecord("ana", "2026-01-02T00:00:00.000Z") },
      ],
      result: undefined,
    }));
  }

  /** Until the store notices; the first who are refused by nothing but the disk are let in from the reserve. */
  async function untilUsed(store: Store): Promise<void> {
    for (let tries = 0; store.health().trouble?.code !== "disk_reserve_used"; tries += 1) {
      assert.ok(tries < 3000, "the disk is never full");
      await fill();
      await signIn(store, tries);
    }
  }

  it("lets a thousand changes and more through on a full disk, and is there again when there is room", async () => {
    await using store = await opened();
    await addPerson(store, "ana");
    await untilUsed(store);
    assert.equal(await reserveBytes(), 0);
    for (let count = 0; count < 1500; count += 1) {
      await signIn(store, count);
    }
    assert.equal(store.health().trouble?.code, "disk_reserve_used");
    // An export may just have been made, and older ones be removed right now.
    await timer.until(async () => (await exportNames()).length <= 3);
    assert.deepEqual((await store.verify()).problems, []);

    await empty();
    await untilWell(store);
  });

  it("opens a database on a full disk, says so at the next start too, and loses nothing", async () => {
    {
      await using store = await opened();
      await addPerson(store, "ana");
      await addPerson(store, "juan");
    }
    await fill();
    for (let start = 1; start <= 3; start += 1) {
      await using store = await open();
      const added = ["kim1", "kim2"].slice(0, start - 1);
      assert.deepEqual(namesIn(store), ["ana", "juan", ...added]);
      await addPerson(store, `kim${start}`);
      await untilUsed(store);
    }
    await empty();
    await using store = await opened();
    assert.equal(store.health().trouble, undefined);
    assert.equal(store.health().restored, undefined);
    assert.deepEqual(namesIn(store), ["ana", "juan", "kim1", "kim2", "kim3"]);
  });

  it("refuses in words once it is used up, too, and goes on when there is room", async () => {
    await using store = await opened();
    await addPerson(store, "ana");
    await untilUsed(store);
    await assert.rejects(async () => {
      for (let count = 0; count < 3000; count += 1) {
        await fill();
        await signIn(store, count);
      }
    }, isWriteFailure);
    assert.equal(store.health().trouble?.code, "disk_reserve_used");
    await empty();
    await signIn(store, 0);
    await untilWell(store);
    assert.deepEqual((await store.verify()).problems, []);
  });

  it("is not what exports live on: the oldest make room for a newer one", async () => {
    const small = await makeLoopDisk(24, 200);
    try {
      const smallPath = await small.mount();
      dataDir = join(smallPath, "data");
      await using store = await open();
      for (let count = 0; count < 8; count += 1) {
        await addPerson(store, `ana${count}`);
        const earlier = (await exportNames()).length;
        await timer.until(async () => {
          timer.fire();
          return (await exportNames()).length > earlier;
        });
      }
      const newest = (await exportNames()).at(-1) ?? "";
      await fillDisk(join(smallPath, "filler"));
      await addPerson(store, "juan").catch(() => undefined);
      await timer.until(async () => {
        timer.fire();
        return ((await exportNames()).at(-1) ?? "") > newest;
      });
      assert.ok((await exportNames()).length <= 4, (await exportNames()).join(" "));
    } finally {
      await small[Symbol.asyncDispose]();
    }
  });

  it("is not made where there is little room", async () => {
    const small = await makeLoopDisk(40, 200);
    try {
      dataDir = join(await small.mount(), "data");
      {
        await using store = await open();
        await addPerson(store, "ana");
        timer.fire();
        await timer.until(async () => (await readdir(join(dataDir, "exports"))).length > 1);
        assert.equal(store.health().trouble, undefined);
      }
      const names = ["db", "exports", "initialised"];
      assert.deepEqual((await readdir(dataDir)).toSorted(), names);
      const filler = join(dataDir, "../filler");
      await fillDisk(filler);
      await assert.rejects(open(), (error: unknown) => {
        assert.ok(error instanceof HubError && error.code === "data_folder", String(error));
        assert.match(String(error.params["detail"]), /no space left on device.*\. Make room on/i);
        return true;
      });
      assert.deepEqual((await readdir(dataDir)).toSorted(), names);
      await rm(filler);
      await using store = await open();
      assert.deepEqual(namesIn(store), ["ana"]);
    } finally {
      await small[Symbol.asyncDispose]();
    }
  });
});
