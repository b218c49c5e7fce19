/**
 * The disk is full for a while: really, and by a limit on the size of files, which lets a write through in part
 * and so leaves half a record at the end of LevelDB's log. Neither database nor exports lose anything by it.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "#src/stores/create.ts";
import { makeFolder } from "#test/support/folder.ts";
import { collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const writer = new URL("../support/database-writer.ts", import.meta.url).pathname;

/** A disk may be slow. */
const PATIENCE_MS = 180_000;

class Writer implements AsyncDisposable {
  readonly #child;
  #output = "";

  constructor(
    dataDir: string,
    atOnce: number,
    options: { readonly bytes?: number; readonly pause?: number },
  ) {
    const { bytes = "unlimited", pause = 0 } = options;
    const node = [process.execPath, writer, dataDir, "p", String(atOnce), String(pause)];
    this.#child = spawn("prlimit", [`--fsize=${bytes}:unlimited`, "--", ...node], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  limit(bytes: number | "unlimited"): void {
    execFileSync("prlimit", ["--pid", String(this.#child.pid), `--fsize=${bytes}:unlimited`]);
  }

  names(outcome: "kept" | "refused"): string[] {
    const lines = this.#output.matchAll(new RegExp(`^${outcome} (\\S+)(?: .*)?\n`, "gm"));
    return [...lines].map(([, name = ""]) => name);
  }

  codes(): string[] {
    return [...this.#output.matchAll(/^refused \S+ (.*)\n/gm)].map(([, code = ""]) => code);
  }

  /** Until `more` further changes ended so. */
  async waitFor(outcome: "kept" | "refused", more: number): Promise<void> {
    const enough = this.names(outcome).length + more;
    const end = performance.now() + PATIENCE_MS;
    while (this.names(outcome).length < enough) {
      assert.ok(
        performance.now() < end,
        `no further change was ${outcome}: ${this.codes().at(-1)}`,
      );
      await sleep(10);
    }
  }

  /** Until exports and journal are written again. */
  async waitUntilWell(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!/^well\n(?![^]*^trouble\n)/m.test(this.#output)) {
      assert.ok(performance.now() < end, "exports are not written again");
      await sleep(20);
    }
  }

  get hadTrouble(): boolean {
    return /^trouble$/m.test(this.#output);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "close");
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Everything that was kept is there and nothing that was refused, in the database and in what is beside it. */
async function assertWhole(dataDir: string, writer: Writer): Promise<void> {
  for (const isGone of [false, true]) {
    if (isGone) {
      await rm(join(dataDir, "db"), { recursive: true });
    }
    await using store = await openStore(dataDir, { log: silentLog });
    const names = new Set(namesIn(store));
    const lost = writer.names("kept").filter((name) => !names.has(name));
    assert.deepEqual(lost, [], "kept, but lost");
    const made = writer.names("refused").filter((name) => names.has(name));
    assert.deepEqual(made, [], "refused, but there");
    const audited = (await collect(store.audit()))
      .filter(({ action }) => action === "user.added")
      .map(({ subjectName }) => subjectName);
    assert.equal(audited.length, names.size);
    assert.deepEqual(new Set(audited), names);
    assert.equal(store.health().restored?.lostChanges, isGone ? 0 : undefined);
    assert.deepEqual((await store.verify()).problems, []);
  }
}

describe("a full disk", () => {
  for (const atOnce of [1, 3]) {
    it(`refuses changes in words, takes them again once there is space, and loses none (${atOnce} at once)`, async () => {
      await using folder = await makeFolder();
      await using writer = new Writer(folder.path, atOnce, { bytes: 9_001, pause: 5 });
      await writer.waitFor("refused", 5);
      assert.deepEqual([...new Set(writer.codes())], ["database_write_failed"]);
      assert.ok(writer.names("kept").length > 5, "it wrote before the disk was full");

      writer.limit("unlimited");
      await writer.waitFor("kept", 30);
      // Once more, with the next log.
      writer.limit(15_003);
      await writer.waitFor("refused", 3);
      writer.limit("unlimited");
      await writer.waitFor("kept", 200);
      if (writer.hadTrouble) {
        await writer.waitUntilWell();
      }
      await writer.kill();
      await assertWhole(folder.path, writer);
    });
  }

  it("is in the way of neither changes nor exports once there is space again", async (test) => {
    await using folder = await makeFolder();
    const disk = join(folder.path, "disk");
    await mkdir(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", disk]);
    if (mounted.status !== 0) {
      test.skip("a disk can be mounted by root alone");
      return;
    }
    try {
      await using writer = new Writer(disk, 3, { pause: 20 });
      await writer.waitFor("refused", 10);
      assert.deepEqual([...new Set(writer.codes())], ["database_write_failed"]);
      execFileSync("mount", ["-o", "remount,size=64m", disk]);
      await writer.waitFor("kept", 100);
      // Whether the journal or the database was the first to find no space is chance.
      if (writer.hadTrouble) {
        await writer.waitUntilWell();
      }
      await writer.waitFor("kept", 20);
      await writer.kill();
      await assertWhole(disk, writer);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
