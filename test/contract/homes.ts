/** What Homes promise (src/spawners/homes.ts), as tests. Run on the fake and on the real driver. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { type FailureCode, HubError } from "#src/errors.ts";
import type { Homes } from "#src/spawners/homes.ts";
import { makeId } from "#src/stores/ids.ts";
import type { UserId } from "#src/stores/records.ts";

export interface HomesUnderTest extends AsyncDisposable {
  readonly homes: Homes;
  /** Files that every new home has, by name. */
  readonly skeleton: number;
}

const soon = (): AbortSignal => AbortSignal.timeout(180_000);

export function tarOf(files: Readonly<Record<string, string>>): Readable {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(files)) pack.entry({ name }, content);
  pack.finalize();
  return Readable.from(pack);
}

/** Names and contents of the files in a tar; `./` in front of a name means nothing. */
export async function filesOf(archive: Readable): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const extract = tar.extract();
  Readable.from([await buffer(archive)]).pipe(extract);
  for await (const entry of extract) {
    const content = await buffer(entry);
    const name = entry.header.name.replace(/^(?:\.\/)+/, "");
    if (entry.header.type === "file") files[name] = content.toString();
  }
  return files;
}

async function rejectsWith(work: Promise<unknown>, code: FailureCode): Promise<void> {
  await assert.rejects(work, (error) => error instanceof HubError && error.code === code);
}

export function testHomes(name: string, open: () => Promise<HomesUnderTest>): void {
  describe(`homes: ${name}`, () => {
    let test: HomesUnderTest;
    let homes: Homes;
    const made: UserId[] = [];
    function newUser(): UserId {
      const userId = makeId<"user">();
      made.push(userId);
      return userId;
    }

    before(async () => {
      test = await open();
      homes = test.homes;
    });
    after(async () => {
      for (const userId of made) await homes.remove(userId, soon());
      await test[Symbol.asyncDispose]();
    });

    it("are made once; making one again changes nothing", async () => {
      const userId = newUser();
      await homes.ensure(userId, soon());
      await homes.unpack(userId, ".", tarOf({ "kept.txt": "kept" }), soon());
      await homes.ensure(userId, soon());
      assert.equal((await filesOf(await homes.pack(userId, ".", soon())))["kept.txt"], "kept");
    });

    it("are removed for good, also when they are not there", async () => {
      const userId = newUser();
      await homes.unpack(userId, ".", tarOf({ "gone.txt": "gone" }), soon());
      await homes.remove(userId, soon());
      await homes.remove(userId, soon());
      assert.deepEqual(await homes.usage(userId, soon()), { bytes: 0, files: 0 });
      await homes.ensure(userId, soon());
      assert.equal((await filesOf(await homes.pack(userId, ".", soon())))["gone.txt"], undefined);
    });

    it("count their bytes and files, whatever these are called", async () => {
      const userId = newUser();
      const big = "x".repeat(100_000);
      await homes.unpack(
        userId,
        ".",
        tarOf({ "a/b.txt": big, "two\nlines": "2", "-rf": "3" }),
        soon(),
      );
      const usage = await homes.usage(userId, soon());
      assert.equal(usage.files, test.skeleton + 3);
      assert.ok(usage.bytes >= 100_000 && usage.bytes < 400_000, String(usage.bytes));
    });

    it("give out a folder with names that begin there, and take it in elsewhere", async () => {
      const teacher = newUser();
      const student = newUser();
      const task = { "task/read me.txt": "do it", "task/data/one.csv": "1;2", "other.txt": "no" };
      await homes.unpack(teacher, ".", tarOf(task), soon());
      const packed = await homes.pack(teacher, "task", soon());
      await homes.unpack(student, "week 1/task", packed, soon());
      const found = await filesOf(await homes.pack(student, "week 1", soon()));
      assert.deepEqual(found, { "task/read me.txt": "do it", "task/data/one.csv": "1;2" });
    });

    it("give out a single file under its own name", async () => {
      const userId = newUser();
      await homes.unpack(userId, "deep/er", tarOf({ "-n.txt": "content" }), soon());
      const found = await filesOf(await homes.pack(userId, "deep/er/-n.txt", soon()));
      assert.deepEqual(found, { "-n.txt": "content" });
    });

    it("say when there is no such path", async () => {
      const userId = newUser();
      await homes.ensure(userId, soon());
      await rejectsWith(homes.pack(userId, "no/such/thing", soon()), "not_found");
    });

    it("refuse a path that leads out of them", async () => {
      const userId = newUser();
      for (const path of ["..", "../other", "a/../../b", "/etc"]) {
        await rejectsWith(homes.pack(userId, path, soon()), "path_outside_home");
        await rejectsWith(
          homes.unpack(userId, path, tarOf({ x: "y" }), soon()),
          "path_outside_home",
        );
      }
    });

    it("receive all files of a tar, in place of those of the same name", async () => {
      const userId = newUser();
      await homes.unpack(userId, "old", tarOf({ "a.txt": "before", "kept.txt": "kept" }), soon());
      const files = { "a.txt": "after", "b/c.txt": "new", "-rf": "3", "two\nlines": "2" };
      await homes.receive(userId, () => "old", tarOf(files), soon());
      const found = await filesOf(await homes.pack(userId, "old", soon()));
      assert.deepEqual(found, { "kept.txt": "kept", ...files });
      assert.equal((await homes.usage(userId, soon())).files, test.skeleton + 5);
    });

    it("receive nothing of a tar that ends too early, wherever it is cut", async () => {
      const userId = newUser();
      const whole = await buffer(tarOf({ "one.txt": "1".repeat(2000), "two.txt": "2" }));
      // In a file; behind the first file; behind the last one, without the end; with half of it.
      for (const length of [1000, 512 + 2048, whole.length - 1024, whole.length - 512]) {
        const cut = Readable.from([whole.subarray(0, length)]);
        await rejectsWith(
          homes.receive(userId, () => ".", cut, soon()),
          "archive_incomplete",
        );
      }
      const failing = Readable.from(
        (async function* () {
          yield whole.subarray(0, 2560);
          throw new Error("the cable was pulled");
        })(),
      );
      await assert.rejects(homes.receive(userId, () => ".", failing, soon()));
      assert.equal((await homes.usage(userId, soon())).files, test.skeleton);
      await homes.receive(userId, () => ".", Readable.from([whole]), soon());
      assert.equal((await homes.usage(userId, soon())).files, test.skeleton + 2);
    });

    it("are one for each user", async () => {
      const [one, other] = [newUser(), newUser()];
      await homes.unpack(one, ".", tarOf({ "secret.txt": "mine" }), soon());
      await homes.ensure(other, soon());
      await rejectsWith(homes.pack(other, "secret.txt", soon()), "not_found");
    });
  });
}
