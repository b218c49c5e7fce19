/**
 * Changes accounts as the hub does, in every way and four at a time, until it is killed:
 * `node account-writer.ts <data folder> <ledger> <seed>`, which says on standard output what it has come to. The ledger lies outside the data folder: a line before
 * each change (`asked`) and one when it was acknowledged (`kept`, with the record as it must be found).
 */
import { existsSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import type { UserRecord } from "#src/stores/records.ts";
import { openStore } from "#src/stores/create.ts";
import { consoleActor, createPeople } from "./people.ts";
import { Random } from "./random.ts";
import { silentLog } from "./silent-log.ts";

const [dataDir = "", ledgerPath = "", seed = "1"] = process.argv.slice(2);
const store = await openStore(dataDir, { log: silentLog });
const { accounts } = createPeople({ store });
// A kill in the middle of a line leaves a part of it: that was neither asked nor acknowledged.
const written = existsSync(ledgerPath) ? readFileSync(ledgerPath) : Buffer.alloc(0);
if (written.length > 0) truncateSync(ledgerPath, written.lastIndexOf("\n") + 1);
const ledger = openSync(ledgerPath, "a");
const random = new Random(Number(seed));
let number = 0;

async function keep(id: string, change: () => Promise<UserRecord>): Promise<UserRecord> {
  writeSync(ledger, `${JSON.stringify({ asked: id })}\n`);
  const record = await change();
  writeSync(ledger, `${JSON.stringify({ kept: record.id, record })}\n`);
  writeSync(1, "kept\n");
  return record;
}

function add(): Promise<UserRecord> {
  number += 1;
  const name = `s${seed}-${number}`;
  return keep(name, async () => (await accounts.add({ name }, consoleActor)).user);
}

/** Each is one change with one line of the audit. */
const changes: readonly ((user: UserRecord) => Promise<UserRecord>)[] = [
  (user) => accounts.rename(user.id, { name: `${user.name}r`.slice(-40) }, consoleActor),
  (user) =>
    accounts.rename(user.id, { displayName: `${user.displayName}!`.slice(-40) }, consoleActor),
  (user) => accounts.setDisabled(user.id, user.disabled === undefined, consoleActor),
  (user) =>
    accounts.setRole(user.id, user.role === "student" ? "teacher" : "student", consoleActor),
  async (user) => (await accounts.resetPassword(user.id, consoleActor)).user,
  (user) => accounts.remove(user.id, consoleActor),
];

async function changeForEver(): Promise<never> {
  for (;;) {
    let user = await add();
    for (let step = 0; step < 8; step += 1) {
      const { id, name } = user;
      const before = user;
      const change = random.pick(changes);
      user = await keep(id, () =>
        before.deleted === undefined
          ? change(before)
          : accounts.restore(id, { name }, consoleActor),
      );
    }
  }
}

writeSync(1, "open\n");
await Promise.all(Array.from({ length: 4 }, changeForEver));
