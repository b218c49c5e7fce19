/**
 * Hashes of passwords run on libuv's threads, as many as there are cores; with the same priority as the main thread
 * they make every page wait. Linux keeps the priority of each thread by itself, so those threads step back.
 */
import { readFileSync, readdirSync } from "node:fs";
import { setPriority } from "node:os";

const TASKS = "/proc/self/task";
const LOWER = 10;

/** Returns how many threads step back from now on; elsewhere than on Linux none does. */
export function lowerHashThreads(): number {
  let count = 0;
  try {
    for (const id of readdirSync(TASKS)) {
      if (readFileSync(`${TASKS}/${id}/comm`, "utf8").trim() === "libuv-worker") {
        setPriority(Number(id), LOWER);
        count += 1;
      }
    }
  } catch {
    // It is a kindness to the pages, not a condition.
  }
  return count;
}
