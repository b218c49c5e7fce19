import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { HomeUsage } from "#src/services/servers/home-usage.ts";
import { newServer, putServer } from "#src/services/servers/server-rows.ts";
import { makeId } from "#src/stores/ids.ts";
import type { ServerId, UserId } from "#src/stores/records.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import { FakeClock, settle } from "#test/support/fake-clock.ts";
import { silentLog } from "#test/support/silent-log.ts";

type Answer = { bytes: number; files: number };

/** Answers when the test says so. */
class SlowHomes {
  readonly asked: { user: UserId; signal: AbortSignal; server: ServerId | undefined }[] = [];
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];
  most = 0;
  #now = 0;

  async usage(user: UserId, signal: AbortSignal, server?: ServerId): Promise<Answer> {
    this.asked.push({ user, signal, server });
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    try {
      return await waiting.promise;
    } finally {
      this.#now -= 1;
    }
  }

  answer(bytes: number): void {
    this.#waiting.shift()?.resolve({ bytes, files: 7 });
  }

  fail(error: unknown): void {
    this.#waiting.shift()?.reject(error);
  }
}

function createWorld() {
  const clock = new FakeClock();
  const homes = new SlowHomes();
  const store = createMemoryStore();
  const usage = new HomeUsage({ homes, store, clock, timers: clock, log: silentLog });
  return { clock, homes, store, usage, ann: makeId<"user">(), bob: makeId<"user">() };
}

describe("how full a home is", () => {
  it("is known at once when it is counted quickly, and for a minute from then on", async () => {
    const { clock, homes, usage, ann } = createWorld();
    const looked = usage.look(ann);
    await settle();
    homes.answer(4096);
    const at = new Date(clock.now()).toISOString();
    assert.deepEqual(await looked, { is: "known", bytes: 4096, files: 7, at });
    await clock.advance(59_000);
    assert.deepEqual(await usage.look(ann), { is: "known", bytes: 4096, files: 7, at });
    assert.equal(homes.asked.length, 1);
    await clock.advance(2_000);
    const again = usage.look(ann);
    await settle();
    homes.answer(8192);
    assert.equal((await again).is, "known");
    assert.equal(homes.asked.length, 2);
    assert.equal(clock.timers, 0);
  });

  it("counts the files of notebooks that have their own with it", async () => {
    const { homes, store, usage, ann, bob } = createWorld();
    const records = [
      newServer(ann, ""),
      newServer(ann, "one", { home: "own" }),
      newServer(ann, "two", { home: "own" }),
      newServer(ann, "three"),
      newServer(bob, "four", { home: "own" }),
    ];
    await store.change(() => ({ writes: records.map(putServer), result: undefined }));
    const looked = usage.look(ann);
    for (const bytes of [1000, 200, 30]) {
      await settle();
      homes.answer(bytes);
    }
    const known = await looked;
    assert.deepEqual(known.is === "known" && [known.bytes, known.files], [1230, 21]);
    assert.deepEqual(new Set(homes.asked.map(({ user }) => user)), new Set([ann]));
    const own = records.slice(1, 3).map(({ id }) => id);
    assert.deepEqual(
      new Set(homes.asked.map(({ server }) => server)),
      new Set([undefined, ...own]),
    );
  });

  it("is being measured after two seconds, and known at the next look", async () => {
    const { clock, homes, usage, ann } = createWorld();
    const looked = usage.look(ann);
    await clock.advance(2_000);
    assert.deepEqual(await looked, { is: "measuring" });
    const second = usage.look(ann);
    await settle();
    assert.equal(homes.asked.length, 1, "the count under way is enough for both");
    homes.answer(1);
    assert.equal((await second).is, "known");
  });

  it("is counted for one person after the other", async () => {
    const { homes, usage, ann, bob } = createWorld();
    const both = [usage.look(ann), usage.look(bob)];
    await settle();
    assert.deepEqual(
      homes.asked.map(({ user }) => user),
      [ann],
    );
    homes.answer(1);
    await settle();
    homes.answer(2);
    await Promise.all(both);
    assert.deepEqual([homes.most, homes.asked.length], [1, 2]);
  });

  it("is given up after half a minute, even by what does not heed that", async () => {
    const { clock, homes, usage, ann, bob } = createWorld();
    void usage.look(ann);
    const next = usage.look(bob);
    await clock.advance(30_000);
    assert.equal(homes.asked[0]?.signal.aborted, true);
    const failure = { code: "count_timeout", params: { seconds: 30 } };
    assert.deepEqual(await usage.look(ann), { is: "unknown", failure });
    assert.deepEqual(
      homes.asked.map(({ user }) => user),
      [ann, bob],
      "the next is not held up",
    );
    assert.deepEqual(await next, { is: "measuring" });
  });

  it("is not known while the engine is away, which is asked again soon", async () => {
    const { clock, homes, usage, ann } = createWorld();
    const away = new HubError("docker_unreachable", { detail: "ENOENT" });
    const looked = usage.look(ann);
    await settle();
    homes.fail(away);
    assert.deepEqual(await looked, { is: "unknown", failure: away.toData() });
    assert.equal((await usage.look(ann)).is, "unknown");
    assert.equal(homes.asked.length, 1);
    await clock.advance(10_000);
    const again = usage.look(ann);
    await settle();
    homes.answer(3);
    assert.equal((await again).is, "known");
  });

  it("fails in words whatever went wrong", async () => {
    const { homes, usage, ann } = createWorld();
    const looked = usage.look(ann);
    await settle();
    homes.fail(new TypeError("no idea"));
    assert.deepEqual(await looked, {
      is: "unknown",
      failure: { code: "count_failed", params: {} },
    });
  });

  it("is not counted any more when the hub stops", async () => {
    const { homes, usage, ann } = createWorld();
    void usage.look(ann);
    await settle();
    usage[Symbol.dispose]();
    assert.equal(homes.asked[0]?.signal.aborted, true);
  });
});
