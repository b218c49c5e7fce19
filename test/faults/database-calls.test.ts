/**
 * Every single call to the database fails, before or after it did its work, alone and with one of the next: what
 * was said is what is there.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import type { OpenDatabase } from "#src/stores/level/level-backing.ts";
import type { UserId } from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import { makeFolder } from "#test/support/folder.ts";
import { ManualTimer } from "#test/support/manual-timer.ts";
import { addPerson, auditRecord, collect } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const log = silentLog;

/** Calls after the first failure of which another one fails: it is those that look what was written. */
const SECOND_FAILURES = [0, 1, 2, 3, 4];

/** Counts the calls of a run, and lets some of them fail. */
class Calls {
  #number = 0;
  readonly #failing: ReadonlySet<number>;
  readonly #when: "before" | "after";
  readonly failed: string[] = [];

  constructor(failing: readonly number[], when: "before" | "after") {
    this.#failing = new Set(failing);
    this.#when = when;
  }

  /** The handle itself, which a failed call may have left open. */
  close: () => Promise<void> = () => Promise.resolve();

  readonly through = (database: OpenDatabase): OpenDatabase => {
    this.close = () => database.close();
    return {
      rows: () => this.#call("rows", () => database.rows()),
      write: (batch) => this.#call("write", () => database.write(batch)),
      close: () => this.#call("close", () => database.close()),
      audit: (limit) => this.#iterate("audit", () => database.audit(limit)),
      auditKeys: () => database.auditKeys(),
      compact: () => database.compact(),
      rewrite: (keys) => database.rewrite(keys),
    };
  };

  #isNext(): boolean {
    this.#number += 1;
    return this.#failing.has(this.#number);
  }

  async #call<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const fails = this.#isNext();
    if (fails && this.#when === "before") {
      return this.#fail(name);
    }
    const result = await work();
    return fails ? this.#fail(name) : result;
  }

  async *#iterate<Item>(name: string, work: () => AsyncIterable<Item>): AsyncGenerator<Item> {
    if (this.#isNext()) {
      this.#fail(name);
    }
    yield* work();
  }

  #fail(name: string): never {
    this.failed.push(name);
    throw new Error(`IO error: ${name}`);
  }
}

function rowsOf(store: Store): unknown {
  const names = ["meta", "users", "names", "groups", "settings"] as const;
  return names.map((name) => [...store.entries(name)]);
}

function change(store: Store, ...writes: readonly Write[]): Promise<void> {
  return store.change(() => ({ writes, result: undefined }));
}

/** Changes of all kinds, each asked for again when it was refused. */
async function makeChanges(store: Store): Promise<void> {
  let ana: UserId | undefined;
  const steps: readonly (() => Promise<unknown>)[] = [
    async () => {
      ana = await addPerson(store, "ana");
    },
    () => Promise.all([addPerson(store, "juan"), addPerson(store, "maria")]),
    () => change(store, { put: "settings", key: "x", record: { value: 1 } }),
    () => change(store, { put: "settings", key: "x", record: { value: 2 } }),
    () => change(store, { audit: { ...auditRecord("ana"), subject: ana ?? ("" as UserId) } }),
    () =>
      change(store, { remove: "users", key: ana ?? "" }, { remove: "names", key: "ana" }, {
        redact: ana ?? ("" as UserId),
      } as const),
    () => addPerson(store, "kim"),
  ];
  for (const step of steps) {
    for (let tries = 0; ; tries += 1) {
      try {
        await step();
        break;
      } catch (error) {
        assert.ok(error instanceof HubError && error.code === "database_write_failed");
        assert.ok(tries < 4, "it does not work again");
      }
    }
  }
}

/** Answers with the calls that failed. */
async function runWith(failing: readonly number[], when: "before" | "after"): Promise<string> {
  await using folder = await makeFolder();
  const calls = new Calls(failing, when);
  const { later } = new ManualTimer();
  const store = await openStore(folder.path, { log, through: calls.through, later });
  await makeChanges(store);
  const expected = rowsOf(store);
  const what = `calls ${failing.join()}: ${calls.failed.join()}`;
  await store.close().catch((error: unknown) => {
    assert.equal(calls.failed.at(-1), "close", String(error));
  });
  await calls.close();
  await using again = await openStore(folder.path, { log });
  assert.deepEqual(rowsOf(again), expected, what);
  const names = (await collect(again.audit())).map(({ subjectName = "" }) => subjectName);
  assert.deepEqual(names.toSorted(), ["", "", "juan", "kim", "maria"], what);
  assert.equal(again.health().restored, undefined, what);
  assert.deepEqual((await again.verify()).problems, [], what);
  return calls.failed.join("+");
}

describe("a call to the database that fails", () => {
  for (const when of ["before", "after"] as const) {
    it(`${when} its work, whichever it is, leaves what was acknowledged and nothing else`, async (test) => {
      const counts = new Map<string, number>();
      for (let number = 1; ; number += 1) {
        let failed = "";
        for (const more of SECOND_FAILURES) {
          failed = await runWith([number, number + more], when);
          counts.set(failed, (counts.get(failed) ?? 0) + 1);
        }
        if (failed === "") {
          break;
        }
      }
      assert.ok((counts.get("write") ?? 0) > 5 && counts.has("write+rows"), "calls failed");
      const words = Array.from(counts, ([failed, count]) => `${failed || "none"} ${count}`);
      test.diagnostic(words.join(", "));
    });
  }

  it("at the end of a change that was refused does not bring it back at the next start", async () => {
    await using folder = await makeFolder();
    // Calls: the first export's audit, then the write.
    const calls = new Calls([2], "after");
    const { later } = new ManualTimer();
    const store = await openStore(folder.path, { log, through: calls.through, later });
    await assert.rejects(addPerson(store, "ana"), HubError);
    assert.deepEqual(calls.failed, ["write"]);
    await store.close();
    await using again = await openStore(folder.path, { log });
    assert.deepEqual([...again.entries("names")], []);
    assert.deepEqual(await collect(again.audit()), []);
    assert.equal(again.health().restored, undefined);
  });
});
