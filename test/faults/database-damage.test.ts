/** A damaged file is found at the start: never fewer people without a word, and nothing made worse. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import type { Store } from "#src/stores/store.ts";
import { makeFolder, type Folder } from "#test/support/folder.ts";
import { addPerson } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const log = silentLog;
const PEOPLE = 300;
const FLIPS = 40;

type Damage = (file: string) => Promise<void>;

function fingerprint(store: Store): string {
  const names = ["meta", "users", "names", "groups", "settings"] as const;
  const rows = names.map((name) => [...store.entries(name)]);
  return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
}

/** All files but LevelDB's own notes and its lock. */
async function contents(path: string): Promise<Record<string, string>> {
  const files = await readdir(path);
  const kept = files.filter((file) => !/^(?:LOG|LOG\.old|LOCK)$/.test(file)).toSorted();
  const hash = async (file: string) =>
    createHash("sha256")
      .update(await readFile(join(path, file)))
      .digest("hex");
  return Object.fromEntries(
    await Promise.all(kept.map(async (file) => [file, await hash(file)] as const)),
  );
}

function flip(part: number): Damage {
  return async (path) => {
    await using file = await open(path, "r+");
    const { size } = await file.stat();
    const position = Math.min(size - 1, Math.floor(size * part));
    const bytes = Buffer.alloc(Math.min(16, size - position));
    await file.read(bytes, 0, bytes.length, position);
    await file.write(
      bytes.map((byte) => byte ^ 0x5a),
      0,
      bytes.length,
      position,
    );
  };
}

function cut(part: number): Damage {
  return async (path) => truncate(path, Math.floor((await stat(path)).size * part));
}

const zero: Damage = async (path) => {
  await writeFile(path, Buffer.alloc((await stat(path)).size));
};

const damages: readonly (readonly [name: string, damage: Damage])[] = [
  ["deleted", (path) => rm(path)],
  ["emptied", (path) => truncate(path, 0)],
  ["overwritten with zeros", zero],
  ...[0.1, 0.5, 0.9, 0.999].map((part) => [`cut to ${part}`, cut(part)] as const),
  ...Array.from({ length: FLIPS }, (_, index) => {
    const part = index / (FLIPS - 1);
    return [`flipped at ${part.toFixed(3)}`, flip(part)] as const;
  }),
];

describe("a damaged database", () => {
  let folder: Folder;
  let original: string;
  let expected: string;

  before(async () => {
    folder = await makeFolder();
    original = join(folder.path, "original");
    // Two openings: the rows of the first are in a table file, those of the second in the log.
    for (let opening = 0; opening < 2; opening += 1) {
      await using store = await openStore(original, { log });
      const names = Array.from({ length: PEOPLE / 2 }, (_, index) => `p${opening}-${index}`);
      for (let start = 0; start < names.length; start += 10) {
        await Promise.all(names.slice(start, start + 10).map((name) => addPerson(store, name)));
      }
      expected = fingerprint(store);
    }
  });

  after(() => folder.remove());

  async function tryOpening(data: string, what: string): Promise<"whole" | "found"> {
    const damaged = await contents(join(data, "db"));
    try {
      await using store = await openStore(data, { log });
      assert.equal(fingerprint(store), expected, `${what}: other rows, without a word`);
      return "whole";
    } catch (error) {
      assert.ok(error instanceof HubError, `${what}: ${String(error)}`);
      assert.equal(error.code, "database_unreadable", what);
      assert.notEqual(String(error.params["detail"]), "", what);
      assert.deepEqual(await contents(join(data, "db")), damaged, `${what}: files were changed`);
      return "found";
    }
  }

  for (const [name, damage] of damages) {
    it(`is whole or found when any one file is ${name}`, async (test) => {
      const files = (await readdir(join(original, "db"))).map((file) => join("db", file));
      for (const file of [...files, "initialised"]) {
        const data = join(folder.path, "damaged");
        await cp(original, data, { recursive: true });
        if ((await stat(join(data, file))).size > 0 || name === "deleted") {
          await damage(join(data, file));
          const outcome = await tryOpening(data, `${file} ${name}`);
          test.diagnostic(`${file}: ${outcome}`);
          if (outcome === "found") {
            assert.equal(await tryOpening(data, `${file} ${name}, again`), "found");
          }
        }
        await rm(data, { recursive: true });
      }
    });
  }
});
