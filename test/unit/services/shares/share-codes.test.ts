import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { ShareCodes } from "#src/services/shares/share-codes.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { actorFor, createPeople } from "#test/support/people.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

describe("a code for a share", () => {
  let box: ReturnType<typeof createPeople>;
  let codes: ShareCodes;
  let owner: UserRecord;

  beforeEach(async () => {
    box = createPeople();
    codes = new ShareCodes(box);
    owner = await box.add("tess", "teacher");
  });

  async function make(seconds = 3600): Promise<string> {
    const wanted = { scopes: ["access:servers"], seconds } as const;
    return (await codes.make({ owner, name: "" }, wanted, actorFor(owner))).code;
  }

  const holds = (code: string, among = codes) => among.find(code) !== undefined;

  it("is over when its time is over, and is listed no more", async () => {
    const code = await make();
    box.clock.pass(HOUR_MS - 1);
    assert.deepEqual([holds(code), codes.of(owner).length], [true, 1]);
    box.clock.pass(1);
    assert.deepEqual([holds(code), codes.of(owner).length], [false, 0]);
  });

  it("is not made longer by setting the clock back", async () => {
    const code = await make();
    box.clock.jump(-YEAR_MS);
    assert.equal(holds(code), true, "it is not shorter either");
    box.clock.pass(HOUR_MS);
    assert.equal(holds(code), false);
    const [record] = [...box.store.entries("shareCodes")].map(([, each]) => each);
    assert.ok(record !== undefined);
    const guest = await box.add("maria");
    await assert.rejects(codes.exchange(record, guest, actorFor(guest)), {
      code: "share_code_over",
    });
  });

  it("ends when the clock is set past its end", async () => {
    const code = await make();
    box.clock.jump(YEAR_MS);
    assert.equal(holds(code), false);
  });

  it("is after a restart with a clock that forgot the year no longer than it was given", async () => {
    const code = await make();
    box.clock.jump(-YEAR_MS);
    const restarted = new ShareCodes(box);
    box.clock.pass(HOUR_MS);
    assert.equal(holds(code, restarted), false);
  });

  it("leaves those of others as they are when one is made", async () => {
    const first = await make(2 * 3600);
    box.clock.jump(-YEAR_MS);
    box.clock.pass(HOUR_MS);
    const second = await make(3600);
    box.clock.pass(HOUR_MS);
    assert.deepEqual([holds(first), holds(second)], [false, false]);
  });
});
