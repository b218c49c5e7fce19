import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KeyedLock } from "#src/services/keyed-lock.ts";
import { settle } from "#test/support/fake-clock.ts";

describe("a keyed lock", () => {
  it("runs tasks of one key one after the other, in order", async () => {
    const lock = new KeyedLock<string>();
    const happened: string[] = [];
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const tasks = gates.map((gate, n) =>
      lock.run("maria", async () => {
        happened.push(`begin ${n}`);
        await gate.promise;
        happened.push(`end ${n}`);
        return n;
      }),
    );
    for (const gate of gates.toReversed()) {
      gate.resolve();
      await settle();
    }
    assert.deepEqual(await Promise.all(tasks), [0, 1, 2]);
    assert.deepEqual(happened, ["begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2"]);
  });

  it("does not let one key wait for another", async () => {
    const lock = new KeyedLock<string>();
    const never = lock.run("maria", () => new Promise<string>(() => {}));
    assert.equal(await lock.run("juan", async () => "done"), "done");
    assert.equal(await Promise.race([never, settle()]), undefined);
  });

  it("goes on after a task that failed, and tells its caller alone", async () => {
    const lock = new KeyedLock<string>();
    const failed = lock.run("maria", async () => {
      throw new Error("no");
    });
    const next = lock.run("maria", async () => "yes");
    await assert.rejects(failed, /no/);
    assert.equal(await next, "yes");
  });

  it("keeps nothing of keys that nobody uses any more", async () => {
    const lock = new KeyedLock<number>();
    await Promise.all(Array.from({ length: 100 }, (_, n) => lock.run(n % 10, async () => n)));
    await settle();
    assert.equal(lock.size, 0);
  });
});
