import assert from "node:assert/strict";
import { describe, it } from "node:test";
import bcrypt from "bcrypt";
import {
  bcryptCost,
  dearestBcrypt,
  dummyBcrypt,
  isBcrypt,
} from "#src/services/sign-in/bcrypt-hashes.ts";
import { Passwords } from "#src/services/sign-in/passwords.ts";
import { countedComparisons } from "#test/support/counted-comparisons.ts";
import { consoleActor, createPeople } from "#test/support/people.ts";

/** As Python's bcrypt makes them, which JupyterHub's authenticators use. */
const ofPython = "$2b$04$C8io/OKmt0JvSz2y9TOD2uqQVQeZgXjgneuBcgH0Pz4ZmrFjyTEsG";
const ofPythonInParts = "$2b$04$SFArhFSHZJ20Enq/ryd2COfVkJEbrjpk8DG/Ek2py688NM8F.8se.";
const password = "red lamp río";

describe("a hash that came along from JupyterHub", () => {
  const passwords = new Passwords({ width: 2 });

  it("fits its password alone, under each of its names, and is to be made anew", async () => {
    for (const name of ["$2b$", "$2a$", "$2y$"]) {
      const stored = ofPython.replace("$2b$", name);
      assert.equal(await passwords.verify(stored, password), true, name);
      for (const wrong of [`${password} `, password.toUpperCase(), "", "x", "x".repeat(2000)]) {
        assert.equal(await passwords.verify(stored, wrong), false, wrong.slice(0, 20));
      }
      assert.equal(passwords.needsRehash(stored), true);
    }
  });

  it("fits the letters as they were typed, in parts or not", async () => {
    assert.equal(await passwords.verify(ofPythonInParts, "contrasen\u0303a"), true);
    assert.equal(await passwords.verify(ofPythonInParts, "contrase\u00F1a"), false);
  });

  it("that is damaged or too dear never fits, never throws and is never tried", async () => {
    const dear = (cost: string): string => ofPython.replace("$04$", `$${cost}$`);
    const before = performance.now();
    for (const stored of [
      dear("31"),
      dear("15"),
      dear("03"),
      dear("00"),
      dear("99"),
      dear("4"),
      ofPython.replace("$2b$", "$2x$"),
      ofPython.replace("$2b$", "$2$"),
      ofPython.slice(0, -1),
      `${ofPython}A`,
      `${ofPython}\n`,
      ofPython.replace("C8io", "C8 o"),
    ]) {
      assert.equal(bcryptCost(stored), undefined, stored);
      assert.equal(await passwords.verify(stored, password), false, stored);
    }
    // One of cost 31 takes a day.
    assert.ok(performance.now() - before < 60_000);
    assert.equal(isBcrypt(dear("31")), true);
    assert.equal(isBcrypt("$argon2id$v=19$m=1,p=1,t=1$AAAA$AAAA"), false);
  });

  it("is compared in the queue of all hashes, off the main thread", async () => {
    const narrow = new Passwords({ width: 1 });
    const dear = await bcrypt.hash(password, 11);
    const done: string[] = [];
    let turns = 0;
    let turning = setImmediate(function turn() {
      turns += 1;
      turning = setImmediate(turn);
    });
    await Promise.all([
      narrow.verify(dear, password).then((fits) => {
        clearImmediate(turning);
        done.push(`first ${fits}`);
      }),
      narrow.verify(undefined, "x").then(() => done.push("second")),
    ]);
    assert.deepEqual(done, ["first true", "second"]);
    assert.ok(turns > 5, `the main thread had ${turns} turns`);
  });
});

describe("a try that does not fit", () => {
  const COST = 9;
  const works = ["argon2 m=19456,p=1,t=2", `bcrypt ${COST}`];

  async function workOf(stored: string | undefined, bcryptCost?: number): Promise<string[]> {
    const { comparisons, works } = countedComparisons();
    const passwords = new Passwords({ width: 2, bcryptCost: () => bcryptCost, comparisons });
    assert.equal(await passwords.verify(stored, "wrong password"), false);
    return works.toSorted();
  }

  it("takes the same work whoever it is for, as long as somebody has such a hash", async () => {
    const { comparisons, works: settledWorks } = countedComparisons();
    const passwords = new Passwords({ width: 2, comparisons });
    const settled = await passwords.hash(password);
    assert.deepEqual(await workOf(await bcrypt.hash(password, COST), COST), works);
    assert.deepEqual(await workOf(settled, COST), works);
    assert.deepEqual(await workOf(undefined, COST), works);
    assert.deepEqual(await workOf(ofPython.replace("$04$", "$31$"), COST), works);
    assert.equal(await passwords.verify(settled, password), true);
    assert.deepEqual(settledWorks, works.slice(0, 1));
  });

  it("takes no work of that kind when nobody has such a hash", async () => {
    assert.deepEqual(await workOf(undefined), works.slice(0, 1));
    assert.deepEqual(
      await workOf(await new Passwords({ width: 2 }).hash(password)),
      works.slice(0, 1),
    );
  });

  it("is compared with a dummy that nothing fits", async () => {
    const dummy = dummyBcrypt(4);
    assert.equal(bcryptCost(dummy), 4);
    assert.notEqual(dummy, dummyBcrypt(4));
    assert.equal(await bcrypt.compare("", dummy), false);
    assert.equal(bcryptCost(dummyBcrypt(12)), 12);
  });
});

describe("the dearest hash of all accounts", () => {
  it("is that of living people, as long as they have it", async () => {
    const { store, accounts, add } = createPeople();
    assert.equal(dearestBcrypt(store), undefined);
    const [sam, kim] = [await add("sam"), await add("kim")];
    const give = (user: typeof sam, hash: string) =>
      store.change(() => ({
        writes: [
          {
            put: "users",
            key: user.id,
            record: { ...user, password: { hash, isFirst: false, changed: user.created } },
          },
        ],
        result: undefined,
      }));
    await give(sam, ofPython);
    assert.equal(dearestBcrypt(store), 4);
    await give(kim, dummyBcrypt(12));
    assert.equal(dearestBcrypt(store), 12);
    await give(kim, ofPython.replace("$04$", "$31$"));
    assert.equal(dearestBcrypt(store), 4);
    await accounts.remove(sam.id, consoleActor);
    assert.equal(dearestBcrypt(store), undefined);
  });
});
