import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { SignUpClasses } from "#src/services/accounts/sign-up-classes.ts";
import type { GroupId } from "#src/stores/records.ts";
import { actorFor, consoleActor, failureOf } from "#test/support/people.ts";
import { addClass, createSignUp } from "#test/support/sign-up.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
let box: ReturnType<typeof createSignUp>;

beforeEach(() => {
  box = createSignUp();
});

function accepts(classes: SignUpClasses = box.classes): boolean {
  return classes.list().some((group) => classes.accepts(group));
}

function fits(typed: string): boolean {
  return box.classes.withCode(typed, box.store) !== undefined;
}

describe("who may join a class", () => {
  it("is nobody until its teacher says so", async () => {
    assert.equal(accepts(), false);
    await box.set({ mode: "open" });
    assert.equal(accepts(), true);
    await box.set({ mode: "off" });
    assert.equal(accepts(), false);
  });

  it("is told by a code of two groups of four that nobody mistakes", async () => {
    const codes = new Set<string>();
    for (let made = 0; made < 50; made += 1) codes.add(await box.set({ mode: "code" }));
    assert.equal(codes.size, 50);
    for (const code of codes) {
      assert.match(code, /^[34679CDFGHJKMNPQRTVWXY]{4}-[34679CDFGHJKMNPQRTVWXY]{4}$/);
    }
  });

  it("does not depend on how the code is typed", async () => {
    const code = await box.set({ mode: "code" });
    for (const typed of [
      code,
      code.toLowerCase(),
      code.replace("-", ""),
      ` ${code.replace("-", " – ")}\n`,
    ]) {
      assert.equal(fits(typed), true, typed);
    }
    for (const typed of ["", code.slice(1), `${code}X`, "0000-0000", "x".repeat(100_000)]) {
      assert.equal(fits(typed), false, typed.slice(0, 20));
    }
  });

  it("changes with a new code at once", async () => {
    const old = await box.set({ mode: "code" });
    const code = await box.set({ mode: "code" });
    assert.deepEqual([fits(old), fits(code)], [false, true]);
    await box.set({ mode: "off" });
    assert.equal(fits(code), false);
  });

  it("is another question for each class", async () => {
    const other = await addClass(box.store, "Other class");
    const code = await box.set({ mode: "code" });
    const otherCode = await box.set({ mode: "code" }, other.id);
    assert.equal(box.classes.withCode(code, box.store)?.id, box.first.id);
    assert.equal(box.classes.withCode(otherCode, box.store)?.id, other.id);
  });
});

describe("how long a code works", () => {
  for (const [time, hours] of [
    ["lesson", 2],
    ["week", 7 * 24],
    [0.5, 0.5],
  ] as const) {
    it(`is ${hours} hours for “${time}”`, async () => {
      const code = await box.set({ mode: "code", time });
      box.clock.pass(hours * HOUR_MS - 1);
      assert.equal(fits(code), true);
      box.clock.pass(1);
      assert.equal(fits(code), false);
      assert.equal(accepts(), false);
    });
  }

  it("is until midnight of the box for “today”", async () => {
    const midnight = new Date(box.clock.now());
    midnight.setHours(24, 0, 0, 0);
    const code = await box.set({ mode: "code", time: "today" });
    box.clock.pass(midnight.getTime() - box.clock.now() - 1);
    assert.equal(fits(code), true);
    box.clock.pass(1);
    assert.equal(fits(code), false);
  });

  it("has no end until somebody closes it, when no time was given", async () => {
    const code = await box.set({ mode: "code" });
    box.clock.pass(10 * YEAR_MS);
    assert.equal(fits(code), true);
  });

  it("is not made longer by setting the clock back", async () => {
    const code = await box.set({ mode: "code", time: "lesson" });
    box.clock.jump(-YEAR_MS);
    assert.equal(fits(code), true, "it is not shorter either");
    box.clock.pass(2 * HOUR_MS);
    assert.equal(fits(code), false);
  });

  it("ends when the clock is set past its end", async () => {
    const code = await box.set({ mode: "code", time: "week" });
    box.clock.jump(YEAR_MS);
    assert.equal(fits(code), false);
  });

  it("goes on over a restart, and is never longer than it was given", async () => {
    const code = await box.set({ mode: "code", time: "lesson" });
    box.clock.pass(HOUR_MS);
    const restarted = new SignUpClasses(box);
    assert.equal(accepts(restarted), true);
    box.clock.pass(HOUR_MS);
    assert.equal(accepts(restarted), false);
    // Started with a clock that has forgotten the year.
    box.clock.jump(-YEAR_MS);
    const lost = new SignUpClasses(box);
    assert.notEqual(lost.withCode(code, box.store), undefined);
    box.clock.pass(2 * HOUR_MS);
    assert.equal(lost.withCode(code, box.store), undefined);
  });
});

describe("a code that nobody asked about since the start", () => {
  it("is over in time all the same, whatever happens to the wall clock", async () => {
    const code = await box.set({ mode: "code", time: "lesson" });
    const restarted = new SignUpClasses(box);
    box.clock.jump(-YEAR_MS);
    box.clock.pass(2 * HOUR_MS);
    assert.equal(restarted.withCode(code, box.store), undefined);
  });
});

describe("a change of who may join", () => {
  it("is in the audit, without the code", async () => {
    const teacher = await box.add("tess", "teacher");
    const change = { mode: "code", time: "lesson", places: 30 } as const;
    const { signUp } = await box.classes.set(box.first.id, change, actorFor(teacher));
    assert.ok(signUp.mode === "code");
    const [row] = await box.audit();
    assert.deepEqual([row?.action, row?.actorName], ["sign_up.changed", "tess"]);
    assert.deepEqual(row?.detail, {
      class: "Class",
      mode: "code",
      expires: "2026-11-22T10:00:00.000Z",
      places: 30,
    });
    assert.equal(JSON.stringify(await box.audit()).includes(signUp.code), false);
  });

  it("that changes nothing is none", async () => {
    await box.set({ mode: "off" });
    assert.deepEqual(await box.audit(), []);
    await box.set({ mode: "open" });
    await box.set({ mode: "open" });
    assert.equal((await box.audit()).length, 1);
  });

  it("is nobody's who is no teacher any more", async () => {
    const teacher = await box.add("tess", "teacher");
    await box.accounts.setRole(teacher.id, "student", consoleActor);
    const opening = box.classes.set(box.first.id, { mode: "open" }, actorFor(teacher));
    assert.equal(await failureOf(opening), "not_allowed");
    assert.equal(accepts(), false);
  });

  it("is refused when it makes no sense", async () => {
    for (const places of [0, -1, 1.5, 1001, NaN]) {
      assert.equal(await failureOf(box.set({ mode: "code", places })), "places_wrong");
    }
    for (const time of [0, -1, 9000, NaN, Infinity]) {
      assert.equal(await failureOf(box.set({ mode: "code", time })), "hours_wrong");
    }
    const nowhere = box.classes.set("x" as GroupId, { mode: "open" }, consoleActor);
    assert.equal(await failureOf(nowhere), "class_not_found");
    assert.equal(accepts(), false);
  });
});
