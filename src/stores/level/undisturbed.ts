/** Several hubs that start at once on damaged files: one may clear away what another just looks at. */
import { setTimeout as sleep } from "node:timers/promises";
import { HubError } from "#src/errors.ts";
import { hasCode } from "#src/stores/files.ts";

const TRIES = 8;
const BETWEEN_TRIES_MS = 50;

/** Another hub was restoring. It may have the database by now, or have been overtaken as well. */
class Overtaken extends Error {}

/** Opens anew when another hub came between. */
export async function openUndisturbed<Opened>(open: () => Promise<Opened>): Promise<Opened> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await open();
    } catch (error) {
      const isOvertaken = error instanceof Overtaken;
      if (tries === TRIES || !(isOvertaken || hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST"))) {
        throw isOvertaken ? error.cause : error;
      }
      await sleep(BETWEEN_TRIES_MS * (1 + Math.random()));
    }
  }
}

/** That another hub restores says nothing of who will have the database. */
export async function unlessOvertaken(restore: () => Promise<void>): Promise<void> {
  try {
    await restore();
  } catch (error) {
    const isLocked = error instanceof HubError && error.code === "database_locked";
    throw isLocked ? new Overtaken("overtaken", { cause: error }) : error;
  }
}
