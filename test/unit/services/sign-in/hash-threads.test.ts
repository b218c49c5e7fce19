import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { describe, it } from "node:test";
import { lowerHashThreads } from "#src/services/sign-in/hash-threads.ts";

describe("the threads that hash", { skip: process.platform !== "linux" }, () => {
  it("step back behind the one that answers", async () => {
    const own = getPriority();
    // The first work for them starts them.
    await readFile("/proc/self/comm");
    const count = lowerHashThreads();
    assert.ok(count >= 1);
    const tasks = "/proc/self/task";
    const workers = readdirSync(tasks).filter(
      (id) => readFileSync(`${tasks}/${id}/comm`, "utf8").trim() === "libuv-worker",
    );
    assert.equal(workers.length, count);
    for (const id of workers) assert.equal(getPriority(Number(id)), 10);
    assert.equal(getPriority(), own);
  });
});
