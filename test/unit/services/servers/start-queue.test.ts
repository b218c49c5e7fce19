import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Admit, StartQueue } from "#src/services/servers/start-queue.ts";
import { FakeClock, settle } from "#test/support/fake-clock.ts";
import { silentLog } from "#test/support/silent-log.ts";

function queueOf(width: number, admit?: Admit<string>) {
  const clock = new FakeClock();
  const begun: string[] = [];
  const ends = new Map<string, (cameUp: boolean) => void>();
  let moves = 0;
  const queue = new StartQueue<string>({
    width,
    clock,
    timers: clock,
    log: silentLog,
    ...(admit === undefined ? {} : { admit }),
    onMove: () => (moves += 1),
  });

  function add(key: string, options: { first?: boolean } = {}): void {
    const begin = (): Promise<boolean> => {
      begun.push(key);
      return new Promise((resolve) => ends.set(key, resolve));
    };
    queue.add(key, begin, options);
  }

  async function end(key: string, cameUp = true): Promise<void> {
    ends.get(key)?.(cameUp);
    await settle();
  }

  return { clock, queue, begun, add, end, moves: () => moves };
}

describe("the line of starts", () => {
  it("is first come, first served, so many at a time", async () => {
    const { queue, begun, add, end } = queueOf(2);
    for (const key of ["a", "b", "c", "d", "e"]) add(key);
    await settle();
    assert.deepEqual(begun, ["a", "b"]);
    assert.deepEqual(queue.waiting, ["c", "d", "e"]);
    await end("b");
    assert.deepEqual(begun, ["a", "b", "c"]);
    await end("a", false);
    await end("c");
    assert.deepEqual(begun, ["a", "b", "c", "d", "e"]);
    assert.equal(queue.starting, 2);
  });

  it("shows who joins it in the line before its start begins", async () => {
    const { queue, begun, add } = queueOf(1);
    add("a");
    assert.deepEqual(queue.place("a"), { place: 1 });
    assert.deepEqual(begun, []);
    await settle();
    assert.equal(queue.place("a"), undefined);
  });

  it("lets who is tried again go first", async () => {
    const { begun, add, end } = queueOf(1);
    for (const key of ["a", "b", "c"]) add(key);
    await settle();
    add("a again", { first: true });
    await end("a");
    assert.deepEqual(begun, ["a", "a again"]);
  });

  it("lets anybody leave, and tells that it has moved", async () => {
    const { queue, begun, add, end, moves } = queueOf(1);
    for (const key of ["a", "b", "c"]) add(key);
    await settle();
    const before = moves();
    queue.cancel("b");
    queue.cancel("nobody");
    assert.equal(moves(), before + 1);
    assert.deepEqual(queue.place("c"), { place: 1 });
    await end("a");
    assert.deepEqual(begun, ["a", "c"]);
  });

  it("frees the place of a start that broke", async () => {
    const { queue, begun, add } = queueOf(1);
    queue.add("broken", () => Promise.reject(new Error("a bug")));
    add("a");
    await settle();
    assert.deepEqual(begun, ["a"]);
  });

  it("waits while it is held, and goes on in the same order", async () => {
    const { queue, begun, add } = queueOf(3);
    queue.hold();
    for (const key of ["a", "b"]) add(key);
    await settle();
    assert.deepEqual(begun, []);
    queue.release();
    await settle();
    assert.deepEqual(begun, ["a", "b"]);
  });

  it("starts nobody any more once it is closed", async () => {
    const { clock, queue, begun, add } = queueOf(1, () => ({ askAgainMs: 1_000 }));
    add("a");
    await settle();
    queue.close();
    await clock.advance(60_000);
    assert.deepEqual(begun, []);
    assert.equal(clock.timers, 0);
  });
});

describe("admission", () => {
  it("is asked about the next in line alone, and again after the time it named", async () => {
    const asked: [string, number][] = [];
    let isFull = true;
    const { clock, begun, add } = queueOf(4, (key, starting) => {
      asked.push([key, starting]);
      return isFull ? { askAgainMs: 5_000 } : true;
    });
    add("a");
    add("b");
    await settle();
    assert.deepEqual(asked, [["a", 0]]);
    await clock.advance(5_000);
    assert.equal(asked.length, 2);
    isFull = false;
    await clock.advance(5_000);
    assert.deepEqual(begun, ["a", "b"]);
    assert.deepEqual(asked.slice(2), [
      ["a", 0],
      ["b", 1],
    ]);
  });

  it("is asked at once when something has changed", async () => {
    let isFull = true;
    const { queue, begun, add } = queueOf(4, () => (isFull ? { askAgainMs: 60_000 } : true));
    add("a");
    await settle();
    isFull = false;
    queue.ask();
    await settle();
    assert.deepEqual(begun, ["a"]);
  });
});

describe("the estimate", () => {
  it("is unknown until a start has come up; failed ones do not count", async () => {
    const { clock, queue, add, end } = queueOf(1);
    for (const key of ["a", "b", "c"]) add(key);
    await clock.advance(8_000);
    await end("a", false);
    assert.deepEqual(queue.place("c"), { place: 1 });
    await clock.advance(4_000);
    await end("b");
    add("d");
    assert.deepEqual(queue.place("d"), { place: 1, estimateSeconds: 8 });
  });

  it("plays the starts ahead through with the usual time, place by place", async () => {
    const { clock, queue, add, end } = queueOf(2);
    add("measured");
    await settle();
    await clock.advance(4_000);
    await end("measured");
    for (const key of ["a", "b", "c", "d", "e", "f"]) add(key);
    await settle();
    await clock.advance(1_000);
    // Two began a second ago and take three more; then two and two again.
    assert.deepEqual(
      ["c", "d", "e", "f"].map((key) => queue.place(key)?.estimateSeconds),
      [7, 7, 11, 11],
    );
  });

  it("goes by the middle of the latest starts: one that took for ever does not spoil it", async () => {
    const { clock, queue, add, end } = queueOf(1);
    for (const [key, ms] of [
      ["a", 2_000],
      ["b", 90_000],
      ["c", 3_000],
    ] as const) {
      add(key);
      await settle();
      await clock.advance(ms);
      await end(key);
    }
    queue.hold();
    add("d");
    assert.equal(queue.place("d")?.estimateSeconds, 3);
  });
});
