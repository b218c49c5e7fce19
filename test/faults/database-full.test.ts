/**
 * The disk is full for a while. A limit on the size of files stands for it: like a full disk it lets a write
 * through in part, which leaves half a record at the end of LevelDB's log.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "#src/stores/create.ts";
import { makeFolder } from "#test/support/folder.ts";
import { collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const writer = new URL("../support/database-writer.ts", import.meta.url).pathname;

class LimitedWriter {
  readonly #child;
  #output = "";

  constructor(dataDir: string, atOnce: number, bytes: number) {
    const node = [process.execPath, writer, dataDir, "p", String(atOnce)];
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
    const end = Date.now() + 20_000;
    while (this.names(outcome).length < enough) {
      assert.ok(Date.now() < end, `no further change was ${outcome}: ${this.codes().at(-1)}`);
      await sleep(10);
    }
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }
}

describe("a full disk", () => {
  for (const atOnce of [1, 3]) {
    it(`refuses changes in words, takes them again once there is space, and loses none (${atOnce} at once)`, async () => {
      await using folder = await makeFolder();
      const writer = new LimitedWriter(folder.path, atOnce, 9_001);
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
      await writer.kill();

      await using store = await openStore(folder.path, { log: silentLog });
      const names = new Set(namesIn(store));
      assert.deepEqual(
        writer.names("kept").filter((name) => !names.has(name)),
        [],
        "kept, but lost",
      );
      assert.deepEqual(
        writer.names("refused").filter((name) => names.has(name)),
        [],
        "refused, but there",
      );
      const audited = (await collect(store.audit())).map(({ subjectName }) => subjectName);
      assert.equal(audited.length, names.size);
      assert.deepEqual(new Set(audited), names);
    });
  }
});
