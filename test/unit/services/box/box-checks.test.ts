import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { configSchema } from "#src/config/schema.ts";
import { failures, HubError } from "#src/errors.ts";
import { BoxChecks, type BoxChecksParts } from "#src/services/box/box-checks.ts";
import type { BoxFacts } from "#src/services/box/box-facts.ts";
import { checkNames, findings } from "#src/services/box/findings.ts";
import { bytesInWords, spanInWords } from "#src/services/box/words.ts";
import { RESTORED_KEY } from "#src/stores/restored.ts";
import { FakeSpawner } from "#test/support/fake-spawner.ts";
import { consoleActor, createPeople } from "#test/support/people.ts";
import { silentLog } from "#test/support/silent-log.ts";

const GIB = 1024 ** 3;
const never = () => new Promise<never>(() => {});

const facts: BoxFacts = {
  disk: () => Promise.resolve({ freeBytes: 60 * GIB, totalBytes: 100 * GIB }),
  memory: () => ({ totalBytes: 8 * GIB, availableBytes: 6 * GIB }),
  secretsPath: "/data/secrets.json",
  secretsMode: () => Promise.resolve(0o600),
};

function makeBox(changes: Partial<BoxChecksParts> = {}) {
  const people = createPeople();
  const spawner = new FakeSpawner();
  spawner.reported = { time: new Date(people.clock.now()).toISOString() };
  const checks = new BoxChecks({
    store: people.store,
    spawner,
    config: v.parse(configSchema, {}),
    facts,
    clock: people.clock,
    log: silentLog,
    ...changes,
  });
  const statuses = async (anew = true) =>
    Object.fromEntries((await checks.run({ anew })).map(({ name, code }) => [name, code]));
  return { ...people, spawner, checks, statuses };
}

describe("the checks of the box", () => {
  it("look at everything, in one order", async () => {
    const { checks, add } = makeBox();
    await add("ada", "owner");
    const found = await checks.run();
    assert.deepEqual(
      found.map(({ name }) => name),
      checkNames,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
    for (const { name, status } of found) {
      // One owner, and a store in memory has no copies.
      const expected = name === "owners" || name === "exports" ? "warning" : "ok";
      assert.equal(status, expected, name);
    }
  });

  it("say of an engine that does not answer just that, and look at the rest", async () => {
    const spawner = new FakeSpawner();
    const away = new HubError("docker_unreachable", { detail: "no socket" });
    spawner.report = () => Promise.reject(away);
    const { statuses } = makeBox({ spawner });
    const found = await statuses();
    assert.equal(found["docker"], "docker_unreachable");
    for (const name of ["images", "pool", "docker_disk"]) assert.ok(!(name in found), name);
    for (const name of ["data_disk", "memory", "clock", "database", "owners"]) {
      assert.ok(name in found, name);
    }
  });

  it("do not wait for one that hangs, and say which", async () => {
    const hanging = { ...facts, disk: never };
    const { statuses, spawner } = makeBox({ facts: hanging, deadlineMs: 50 });
    spawner.check = never;
    const found = await statuses();
    assert.equal(found["data_disk"], "check_late");
    assert.equal(found["pool"], "check_late");
    assert.equal(found["docker"], "docker_fine");
    assert.equal(found["memory"], "memory_fine");
  });

  it("say that Docker hangs, and not that the clock does", async () => {
    const { statuses, spawner } = makeBox({ deadlineMs: 80 });
    spawner.report = never;
    const found = await statuses();
    assert.equal(found["docker"], "docker_unreachable");
    assert.equal(found["clock"], "clock_fine");
  });

  it("turn what they did not expect into a line, not into a crash", async () => {
    const broken = { ...facts, disk: () => Promise.reject(new Error("EIO: i/o error")) };
    const { checks } = makeBox({ facts: broken });
    const found = (await checks.run()).find(({ name }) => name === "data_disk");
    assert.equal(found?.status, "warning");
    assert.match(found.text, /EIO: i\/o error/);
  });

  it("tell the same again for some seconds, unless asked to look anew", async () => {
    let looks = 0;
    const counting = {
      ...facts,
      disk: () => {
        looks += 1;
        return facts.disk();
      },
    };
    const { checks, clock } = makeBox({ facts: counting });
    await Promise.all([checks.run(), checks.run()]);
    assert.equal(looks, 1);
    await checks.run({ anew: true });
    assert.equal(looks, 2);
    clock.pass(9_000);
    await checks.run();
    assert.equal(looks, 2);
    clock.pass(2_000);
    await checks.run();
    assert.equal(looks, 3);
  });

  it("do without a database that cannot be opened", async () => {
    const { spawner } = makeBox();
    const checks = new BoxChecks({
      spawner,
      config: v.parse(configSchema, {}),
      facts,
      clock: { now: () => Date.now(), monotonic: () => 0 },
      log: silentLog,
    });
    const names = (await checks.run()).map(({ name }) => name);
    assert.deepEqual(
      checkNames.filter((name) => !names.includes(name)),
      ["database", "exports", "owners"],
    );
  });

  it("find a clock that was set back by the newest line of the audit", async () => {
    const { statuses, add, clock } = makeBox();
    await add("ada", "owner");
    assert.equal((await statuses())["clock"], "clock_fine");
    clock.jump(-3 * 3_600_000);
    assert.equal((await statuses())["clock"], "clock_back");
  });
});

describe("a glance at the box", () => {
  it("waits for nothing, and sees the disk when it was looked at", async () => {
    const full = { ...facts, disk: () => Promise.resolve({ freeBytes: 0, totalBytes: GIB }) };
    const { checks, add } = makeBox({ facts: full });
    await add("ada", "owner");
    assert.deepEqual(checks.glance(), []);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      checks.glance().map(({ code }) => code),
      ["disk_nearly_full"],
    );
  });

  it("tells the worst first", async () => {
    const trouble = () => ({ code: "docker_unreachable", params: { detail: "x" } }) as const;
    const { checks, add } = makeBox({ trouble });
    await add("maria");
    assert.deepEqual(
      checks
        .glance()
        .map(({ code, status }) => `${status} ${code}`)
        .toSorted(),
      ["bad docker_unreachable", "bad owners_locked"],
    );
  });

  it("does not tell for ever that there is one owner", async () => {
    const { checks, add } = makeBox();
    await add("ada", "owner");
    assert.deepEqual(checks.glance(), []);
  });

  it("tells that the database was restored, until somebody has read it", async () => {
    const { checks, store, add, audit } = makeBox();
    await add("ada", "owner");
    const value = {
      at: "2026-11-22T07:30:00.000Z",
      exportMade: "2026-11-22T07:00:00.000Z",
      upTo: "2026-11-22T07:00:00.000Z",
      lostChanges: 2,
      reason: "a table is damaged",
    };
    await store.change(() => ({
      writes: [{ put: "settings", key: RESTORED_KEY, record: { value } }],
      result: undefined,
    }));
    assert.equal(checks.isNoticeDue(), true);
    assert.equal(checks.glance()[0]?.code, "database_restored_older");
    await checks.takeNotice(consoleActor);
    await checks.takeNotice(consoleActor);
    assert.equal(checks.isNoticeDue(), false);
    assert.ok(!checks.glance().some(({ name }) => name === "database"));
    const lines = (await audit()).filter(({ action }) => action === "settings.changed");
    assert.equal(lines.length, 1, "once, however often it is pressed");
    assert.deepEqual(lines[0]?.detail, { setting: RESTORED_KEY, value: "read" });
  });
});

describe("the table of findings", () => {
  it("shares no code with the table of failures", () => {
    for (const code of Object.keys(findings)) assert.ok(!Object.hasOwn(failures, code), code);
  });

  it("says what to do about everything that is not fine", () => {
    for (const [code, finding] of Object.entries(findings)) {
      assert.equal("advice" in finding, finding.status !== "ok", code);
    }
  });
});

describe("sizes and times in words", () => {
  it("are as people say them", () => {
    const sizes = [0, 480 * 1024 ** 2, 999 * 1024 ** 2, 1000 * 1024 ** 2, 1.9 * GIB, 71.4 * GIB];
    assert.deepEqual(sizes.map(bytesInWords), [
      "0 KB",
      "480 MB",
      "999 MB",
      "1 GB",
      "1.9 GB",
      "71 GB",
    ]);
    const spans = [-5, 59_000, 60_000, 7_199_000, 7_200_000, 90_000_000, 200_000_000];
    assert.deepEqual(spans.map(spanInWords), [
      "less than a minute",
      "less than a minute",
      "1 minute",
      "1 hour",
      "2 hours",
      "1 day",
      "2 days",
    ]);
  });
});
