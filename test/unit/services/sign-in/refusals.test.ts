import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Refusals } from "#src/services/sign-in/refusals.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { FakeClock } from "#test/support/fake-clock.ts";
import { visitorAt } from "#test/support/people.ts";
import { collect } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

let clock: FakeClock;
let store: Store;
let refusals: Refusals;

beforeEach(() => {
  clock = new FakeClock();
  store = createMemoryStore({ clock });
  refusals = new Refusals({ store, clock, timers: clock, log: silentLog });
});

async function refuse(times: number, name: string, address = "10.0.0.1"): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    await refusals.tell({ actor: visitorAt(address), subject: { name } });
  }
}

/** Oldest first. */
async function rows(): Promise<AuditRecord[]> {
  return (await collect(store.audit())).toReversed();
}

function told(row: AuditRecord): unknown[] {
  return [row.subjectName, row.detail?.["count"], row.detail?.["names"]];
}

describe("refused sign-ins", () => {
  it("are told one by one as long as there are few", async () => {
    await refuse(30, "sam");
    assert.equal((await rows()).length, 30);
    assert.ok((await rows()).every(({ detail, subjectName }) => !detail && subjectName === "sam"));
  });

  it("are told once a minute, with their number, when one address makes many", async () => {
    await refuse(30, "sam");
    await refuse(500, "sam");
    assert.equal((await rows()).length, 30);
    await clock.advance(60_000);
    await refuse(70, "sam");
    await clock.advance(60_000);
    assert.deepEqual((await rows()).slice(30).map(told), [
      ["sam", 500, undefined],
      ["sam", 70, undefined],
    ]);
    await clock.advance(600_000);
    assert.equal((await rows()).length, 32, "nothing to tell, nothing told");
    await refuse(1, "sam");
    assert.equal((await rows()).length, 33, "and one by one again");
  });

  it("of another address are told one by one meanwhile", async () => {
    await refuse(100, "sam");
    await refuse(1, "alex", "10.0.0.2");
    assert.deepEqual((await rows()).slice(30).map(told), [["alex", undefined, undefined]]);
  });

  it("of many names have three rows a minute, and one for all others; none is lost", async () => {
    await refuse(30, "sam");
    await refuse(9, "sam");
    await refuse(8, "");
    await refuse(7, "alex");
    for (let name = 0; name < 500; name += 1) await refuse(1, `name${name}`);
    await clock.advance(60_000);
    assert.deepEqual((await rows()).slice(30).map(told), [
      ["sam", 9, undefined],
      ["alex", 7, undefined],
      ["name0", 1, undefined],
      [undefined, 8 + 499, 97],
    ]);
  });

  it("that were not told yet are told when the hub stops", async () => {
    await refuse(45, "sam");
    await refusals[Symbol.asyncDispose]();
    assert.deepEqual((await rows()).slice(30).map(told), [["sam", 15, undefined]]);
    assert.equal(clock.timers, 0);
  });

  it("keep address and request of the first, and count an IPv6 network as one", async () => {
    await refuse(30, "sam", "2001:db8::1");
    await refuse(2, "sam", "2001:db8::2");
    await clock.advance(60_000);
    const [row] = (await rows()).slice(30);
    assert.deepEqual(
      [row?.address, row?.request, row?.actor],
      ["2001:db8::2", "K7-4202", "anonymous"],
    );
  });
});
