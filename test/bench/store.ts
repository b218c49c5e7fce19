/** The database with 2,000 people: changes, exports, starts and restores. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "#src/stores/create.ts";
import { makeId } from "#src/stores/ids.ts";
import type { LevelStore } from "#src/stores/level/level-store.ts";
import type { Write } from "#src/stores/store.ts";
import { makeFolder } from "#test/support/folder.ts";
import { accountWrites, auditRecord, userRecord } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { median, report } from "./figures.ts";

const PEOPLE = 2000;
const AUDIT = 100_000;
const ROUNDS = 300;
const HASH = `$argon2id$v=19$m=19456,t=2,p=1$${"a".repeat(22)}$${"b".repeat(43)}`;

export async function benchStore(): Promise<void> {
  await using folder = await makeFolder();
  const open = () => openStore(folder.path, { log: silentLog, later: () => () => undefined });
  {
    await using store = await open();
    await addPeople(store);
  }
  await benchChanges(folder.path);
  await benchExport(open);
  await benchStart(`start with ${PEOPLE} people`, open);
  {
    await using store = await open();
    await addAudit(store);
  }
  await benchStart(`start with ${PEOPLE} people and ${AUDIT} lines of audit`, open);
  await rm(join(folder.path, "db"), { recursive: true });
  await benchStart("start that restores all of it from an export", open, 1);
}

/** In turns, so that what the machine does meanwhile is in both. */
async function benchChanges(dataDir: string): Promise<void> {
  await using other = await makeFolder();
  await writeFile(join(other.path, "exports"), "in the way");
  const options = { log: silentLog, later: () => () => undefined };
  await using without = await openStore(other.path, options);
  await addPeople(without);
  await using store = await openStore(dataDir, options);
  const [times, timesWithout]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    times.push(await timeOfChange(store, round));
    timesWithout.push(await timeOfChange(without, round));
  }
  report(`a synced change with journal and exports, median of ${ROUNDS}`, median(times), "ms ");
  report(`the same without, median of ${ROUNDS}`, median(timesWithout), "ms ");
}

async function timeOfChange(store: LevelStore, value: number): Promise<number> {
  const started = performance.now();
  await make(store, [{ put: "settings", key: "x", record: { value } }]);
  return performance.now() - started;
}

async function benchExport(open: () => Promise<LevelStore>): Promise<void> {
  const store = await open();
  await make(store, [{ put: "settings", key: "x", record: { value: -1 } }]);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await sleep(50);
  delay.enable();
  const started = performance.now();
  await store.close();
  report(`an export of ${PEOPLE} people (at a clean end)`, performance.now() - started, "ms");
  delay.disable();
  report("the longest that anything else waited meanwhile", delay.max / 1e6, "ms");
}

async function benchStart(
  name: string,
  open: () => Promise<LevelStore>,
  rounds = 5,
): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    await using _store = await open();
    times.push(performance.now() - started);
  }
  report(`${name}, median of ${rounds}`, median(times), "ms");
}

async function addPeople(store: LevelStore): Promise<void> {
  const group = [...store.entries("groups")][0]?.[0] ?? "";
  const at = "2026-01-01T00:00:00.000Z";
  for (let start = 0; start < PEOPLE; start += 100) {
    const writes = Array.from({ length: 100 }, (_, index) => {
      const password = { hash: HASH, isFirst: false, changed: at };
      const user = userRecord(`person-${start + index}`, { number: start + index + 1, password });
      const member = { groupId: group as never, userId: user.id, role: "student" } as const;
      const server = { id: makeId<"server">(), userId: user.id, name: "", generation: 1 };
      return [
        ...accountWrites(user),
        { put: "members", key: `${group}!${user.id}`, record: member },
        { put: "servers", key: `${user.id}!${server.id}`, record: { ...server, options: {} } },
      ] satisfies readonly Write[];
    });
    await make(store, writes.flat());
  }
}

async function addAudit(store: LevelStore): Promise<void> {
  const lines = Array.from({ length: 1000 }, () => ({ audit: auditRecord("maria") }));
  for (let count = PEOPLE; count < AUDIT; count += lines.length) {
    await make(store, lines);
  }
}

function make(store: LevelStore, writes: readonly Write[]): Promise<void> {
  return store.change(() => ({ writes, result: undefined }));
}
