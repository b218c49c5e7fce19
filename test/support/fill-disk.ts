/** Fills a small disk of a test. */
import assert from "node:assert/strict";
import { open } from "node:fs/promises";

/** Appends to `path` until not one byte more fits; again and again, as a disk keeps some aside for what is on the way. */
export async function fillDisk(path: string): Promise<void> {
  await using file = await open(path, "a");
  for (const bytes of [1024 * 1024, 4096]) {
    for (let fullInARow = 0; fullInARow < 3;) {
      try {
        await file.write(Buffer.alloc(bytes));
        fullInARow = 0;
      } catch (error) {
        assert.ok(
          error instanceof Error && "code" in error && error.code === "ENOSPC",
          String(error),
        );
        fullInARow += 1;
        await file.sync().catch(() => undefined);
      }
    }
  }
}
