import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkClock,
  checkDatabase,
  checkExports,
  checkOwners,
  checkSecrets,
} from "#src/services/box/record-checks.ts";
import { createPeople } from "#test/support/people.ts";

const NOW = Date.parse("2026-11-22T10:00:00.000Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("the check of the clock", () => {
  const clock = (nowMs: number, newestMs?: number, engineMs?: number) =>
    checkClock({ nowMs, newestMs, engineMs });

  it("says what time it is", () => {
    const check = clock(NOW, NOW - HOUR, NOW + 2000);
    assert.deepEqual([check.status, check.text], ["ok", "It is 2026-11-22 10:00 (UTC)."]);
  });

  it("knows a clock that was never set", () => {
    for (const time of ["1970-01-01T00:03:00Z", "2024-12-31T23:59:59Z"]) {
      const check = clock(Date.parse(time), NOW);
      assert.deepEqual([check.status, check.code], ["bad", "clock_unset"]);
    }
    assert.equal(clock(Date.parse("2025-01-01T00:00:00Z")).status, "ok");
  });

  it("knows a clock that was set back by what is on record", () => {
    const check = clock(NOW, NOW + 2 * HOUR);
    assert.deepEqual([check.status, check.code], ["warning", "clock_back"]);
    assert.match(check.text, /10:00 .* 2026-11-22 12:00/);
  });

  it("does not mind a time server that takes back some seconds", () => {
    assert.equal(clock(NOW, NOW + 30_000).status, "ok");
  });

  it("compares with the engine's clock, in both directions", () => {
    for (const apart of [-20_000, 20_000]) {
      const check = clock(NOW, undefined, NOW + apart);
      assert.equal(check.code, "clock_differs");
      assert.match(check.text, /20 seconds apart/);
    }
  });
});

const restored = {
  at: "2026-11-22T09:30:00.000Z",
  exportMade: "2026-11-22T08:00:00.000Z",
  upTo: "2026-11-22T09:00:00.000Z",
  lostChanges: 3,
  reason: "a table is damaged",
};
const whole = { rows: 12, auditRows: 40, exports: { good: 5, bad: 0 }, problems: [] };

describe("the check of the database", () => {
  it("counts what is there", () => {
    const check = checkDatabase({}, whole);
    assert.equal(check.status, "ok");
    assert.match(check.text, /12 rows are there, and 40 lines/);
  });

  it("tells what is damaged, before anything else", () => {
    const problems = ["a table is damaged", "a journal breaks off"];
    const check = checkDatabase({ restored }, { ...whole, problems });
    assert.equal(check.status, "bad");
    assert.match(check.text, /a table is damaged; a journal breaks off/);
  });

  it("tells that it was restored, and what is lost", () => {
    const check = checkDatabase({ restored }, whole);
    assert.equal(check.status, "warning");
    assert.match(
      check.text,
      /as it was on 2026-11-22 09:00 \(UTC\)\. Changes lost since then: 3\./,
    );
    const none = checkDatabase({ restored: { ...restored, lostChanges: 0 } }, whole);
    assert.match(none.text, /Nothing was lost/);
  });
});

describe("the check of copies", () => {
  const times = { nowMs: NOW, newestMs: NOW - MINUTE };
  const made = (agoMs: number) => ({ lastExport: new Date(NOW - agoMs).toISOString() });

  it("tells how many are good and how old the newest is", () => {
    const check = checkExports(made(12 * MINUTE), whole, times);
    assert.deepEqual([check.status, check.code], ["ok", "exports_fine"]);
    assert.match(check.text, /: 5\. .* 12 minutes ago/);
  });

  it("warns of copies that cannot be read", () => {
    const check = checkExports(made(HOUR), { exports: { good: 3, bad: 2 } }, times);
    assert.equal(check.code, "exports_bad");
    assert.match(check.text, /: 2\. Good ones: 3; .* 1 hour ago/);
  });

  it("warns of no copy, and of none that is good", () => {
    assert.equal(checkExports({}, whole, times).code, "exports_none");
    const none = { exports: { good: 0, bad: 4 } };
    assert.equal(checkExports(made(HOUR), none, times).code, "exports_none");
  });

  it("calls a copy old only when something changed long after it", () => {
    assert.equal(checkExports(made(3 * HOUR), whole, times).code, "exports_old");
    const quiet = { nowMs: NOW, newestMs: NOW - 30 * HOUR };
    assert.equal(checkExports(made(30 * HOUR), whole, quiet).status, "ok");
    const setBack = { nowMs: NOW, newestMs: NOW + 8000 * HOUR };
    assert.equal(checkExports(made(MINUTE), whole, setBack).status, "ok");
  });

  it("tells why they cannot be written", () => {
    const trouble = { code: "database_write_failed", params: { detail: "no space left" } } as const;
    const check = checkExports({ trouble }, whole, times);
    assert.equal(check.status, "bad");
    assert.match(check.text, /no space left/);
  });
});

describe("the check of secrets", () => {
  it("takes no other eyes", () => {
    assert.equal(checkSecrets("/data/secrets.json", 0o600).status, "ok");
    for (const mode of [0o640, 0o604, 0o644, 0o660]) {
      const check = checkSecrets("/data/secrets.json", mode);
      assert.deepEqual([check.status, check.code], ["bad", "secrets_open"]);
    }
  });

  it("says when they are gone", () => {
    assert.equal(checkSecrets("/data/secrets.json", undefined).code, "secrets_missing");
  });
});

describe("the check of owners", () => {
  it("counts those who can sign in", async () => {
    const { accounts, add } = createPeople();
    const check = () => checkOwners([...accounts.living()]);
    assert.equal(check().code, "owners_nobody");
    const ada = await add("ada", "owner");
    await add("maria");
    assert.deepEqual([check().status, check().params], ["warning", { name: "ada" }]);
    const bo = await add("bo", "owner");
    assert.equal(check().status, "ok");
    // Nobody may lock the last one; a record that says so all the same counts as it is.
    const locked = [ada, bo].map((user) => ({ ...user, disabled: "2026-11-22T10:00:00.000Z" }));
    assert.equal(checkOwners(locked).code, "owners_locked");
    const { password: _, ...without } = ada;
    assert.equal(checkOwners([without, bo]).params["name"], "bo");
  });
});
