import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { makeFirstRows } from "#src/stores/first-rows.ts";
import { Tables } from "#src/stores/tables.ts";
import type { Backing, Batch } from "#src/stores/backing.ts";
import { WriteThroughStore } from "#src/stores/write-through-store.ts";
import { systemClock } from "#src/clock.ts";
import { addPerson, namesIn } from "#test/support/records.ts";

/** A disk that takes its time, and fails when a test says so. */
class FakeBacking implements Backing {
  readonly batches: Batch[] = [];
  isFull = false;

  async write(batch: Batch): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isFull) {
      throw new HubError("database_write_failed", { detail: "no space" });
    }
    this.batches.push(batch);
  }

  async *audit(): AsyncGenerator<never> {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe("a store in front of a disk", () => {
  let backing: FakeBacking;
  let store: WriteThroughStore;

  beforeEach(() => {
    backing = new FakeBacking();
    const { meta } = makeFirstRows(1, systemClock);
    const [kept, draft] = [new Tables(), new Tables()];
    kept.set("meta", "meta", meta);
    draft.set("meta", "meta", meta);
    store = new WriteThroughStore({ backing, kept, draft });
  });

  const writeFailed = (error: unknown) =>
    error instanceof HubError && error.code === "database_write_failed";

  it("writes changes that are asked for together at once, each row once", async () => {
    await Promise.all(["ana", "juan", "maria"].map((name) => addPerson(store, name)));
    const [batch, ...more] = backing.batches;
    assert.deepEqual(more, []);
    const keys = batch?.rows.map(({ collection, key }) => `${collection}!${key}`) ?? [];
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(batch?.rows.filter(({ collection }) => collection === "names").length, 3);
    assert.equal(batch?.audit.length, 3);
  });

  it("tells the disk what a row was before", async () => {
    for (const value of [1, 2]) {
      await store.change(() => ({
        writes: [{ put: "settings", key: "x", record: { value } }],
        result: undefined,
      }));
    }
    assert.deepEqual(
      backing.batches.map(({ rows: [row] }) => [row?.previous, row?.text]),
      [
        [undefined, '{"value":1}'],
        [{ value: 1 }, '{"value":2}'],
      ],
    );
  });

  it("is as it was when the disk fails, and goes on when it works again", async () => {
    await addPerson(store, "ana");
    const meta = store.get("meta", "meta");
    let heard = 0;
    store.onChange(() => {
      heard += 1;
    });
    backing.isFull = true;
    await assert.rejects(addPerson(store, "juan"), writeFailed);
    assert.deepEqual(namesIn(store), ["ana"]);
    assert.deepEqual(store.get("meta", "meta"), meta);
    assert.equal(heard, 0);
    backing.isFull = false;
    const id = await addPerson(store, "juan");
    assert.equal(store.get("users", id)?.number, 2);
    assert.equal(heard, 1);
  });

  it("does not tell a reason that came from a change that was not made", async () => {
    backing.isFull = true;
    const outcomes = await Promise.allSettled([addPerson(store, "ana"), addPerson(store, "ana")]);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected" && writeFailed(outcome.reason));
    }
  });

  it("shows readers nothing of a write that is under way, but the next plan everything", async () => {
    const first = addPerson(store, "ana");
    await Promise.resolve();
    const second = store.change((state) => ({
      writes: [],
      result: { planned: namesIn(state), read: namesIn(store) },
    }));
    await first;
    assert.deepEqual((await second).planned, ["ana"]);
  });
});
