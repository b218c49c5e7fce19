import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { UserRecord } from "#src/stores/records.ts";
import { consoleActor, failureOf } from "#test/support/people.ts";
import { PASSWORD, addClass, createSignUp, withoutPassword } from "#test/support/sign-up.ts";

const HOUR_MS = 3_600_000;
let box: ReturnType<typeof createSignUp>;

beforeEach(() => {
  box = createSignUp();
});

function stateOf(): string {
  return JSON.stringify(
    (["users", "names", "members", "groups"] as const).map((name) => [...box.store.entries(name)]),
  );
}

function passwordOf(name: string): string | undefined {
  return box.accounts.byName(name)?.password?.hash;
}

describe("the first step of signing up", () => {
  beforeEach(() => box.set({ mode: "open" }));

  it("proposes a user name from the name, and changes nothing", async () => {
    const before = stateOf();
    const proposal = await box.look({ displayName: " María  López " });
    assert.deepEqual(
      [proposal.name, proposal.displayName, proposal.isWaiting, proposal.near],
      ["maria", "María López", false, []],
    );
    assert.equal(stateOf(), before);
    assert.equal(box.passwords.hashed, 0);
  });

  it("shows the one form that a user name has", async () => {
    for (const name of ["MARÍA", "ｍａｒｉａ", " maria ", "Marı\u0301a".replace("ı", "i")]) {
      const proposal = await box.look({ displayName: "María", name });
      assert.equal(proposal.name, "maria", name);
    }
  });

  it("refuses what nobody may be called, and who has no name", async () => {
    for (const [wish, code] of [
      [{ displayName: "María", name: "hub" }, "name_reserved"],
      [{ displayName: "María", name: "Login" }, "name_reserved"],
      [{ displayName: "María", name: "maria lopez" }, "name_space"],
      [{ displayName: "María", name: "mаria" }, "name_alphabet"],
      [{ displayName: "María", name: "../etc" }, "name_character"],
      [{ displayName: "María", name: "x".repeat(65) }, "name_too_long"],
      [{ displayName: " \u200b ", name: "maria" }, "display_name_missing"],
      [{ displayName: "x".repeat(101), name: "maria" }, "display_name_too_long"],
    ] as const) {
      assert.equal(await failureOf(box.look(wish)), code);
      assert.equal(await failureOf(box.join(wish)), code);
    }
  });

  it("refuses a name in every spelling of one that somebody has, and knows a free one", async () => {
    await box.add("maria");
    for (const name of ["maria", "Maria", "MARÍA", " maria\t", "ｍａｒｉａ"]) {
      assert.equal(await failureOf(box.look({ displayName: "María López", name })), "name_taken");
    }
    assert.equal(box.signUp.freeName("María López"), "maria.lopez");
  });

  it("never proposes a name that is taken, and says who it could be", async () => {
    await box.add("maria");
    const proposal = await box.look({ displayName: "Maria Schmidt" });
    assert.equal(proposal.name, "maria.schmidt");
    assert.deepEqual(
      proposal.near.map(({ name }) => name),
      ["maria"],
    );
  });

  it("cannot be used to try all names", async () => {
    for (let looks = 0; looks < 600; looks += 1) await box.look({ displayName: "Tom" });
    assert.equal(await failureOf(box.look({ displayName: "Tom" })), "sign_up_limit");
    assert.equal(await failureOf(box.look({ displayName: "Tom" }, "10.0.0.1")), "no failure");
  });
});

describe("an account that somebody made", () => {
  it("is a student's of that class, marked as new, with its line in the audit", async () => {
    const other = await addClass(box.store, "Other class");
    const code = await box.set({ mode: "code" }, other.id);
    const user = await box.join({ displayName: "María López", name: "María", code });
    assert.deepEqual(box.accounts.byName("maria"), user);
    assert.deepEqual(
      [user.role, user.displayName, user.isNewcomer, user.password?.isFirst, user.joined],
      [
        "student",
        "María López",
        true,
        false,
        { at: "2026-11-22T08:00:00.000Z", address: "192.168.1.20" },
      ],
    );
    assert.equal(passwordOf("maria"), `plain ${PASSWORD}`);
    const members = [...box.store.entries("members")].map(([, member]) => member);
    assert.deepEqual(members, [{ groupId: other.id, userId: user.id, role: "student" }]);
    const [row] = await box.audit();
    assert.deepEqual(
      [row?.action, row?.actor, row?.subject, row?.address, row?.detail],
      ["user.joined", user.id, user.id, "192.168.1.20", { class: "Other class", with: "code" }],
    );
    assert.equal(JSON.stringify(await box.audit()).includes(code), false);
  });

  it("has the name that was shown, never one that was made up in the second step", async () => {
    await box.set({ mode: "open" });
    assert.equal(await failureOf(box.join({ displayName: "María" })), "name_empty");
    assert.equal(box.accounts.living().length, 0);
  });

  it("has a password that keeps the rules", async () => {
    await box.set({ mode: "open" });
    const wish = { displayName: "Maria", name: "maria" };
    for (const [password, code] of [
      ["", "password_too_short"],
      ["short", "password_too_short"],
      ["Maria2026!", "password_is_name"],
      ["password", "password_common"],
      ["x".repeat(2000), "password_too_long"],
    ] as const) {
      assert.equal(await failureOf(box.join(wish, password)), code);
    }
    assert.equal(box.passwords.hashed, 0);
    assert.equal(box.accounts.living().length, 0);
  });

  it("begins with nothing of the one in the trash that had its name", async () => {
    const old = await box.add("maria");
    await box.accounts.remove(old.id, consoleActor);
    await box.set({ mode: "open" });
    const user = await box.join({ displayName: "Maria", name: "maria" });
    assert.notEqual(user.id, old.id);
    assert.equal(box.accounts.byName("maria")?.id, user.id);
    const trashed = box.store.get("users", old.id);
    assert.deepEqual([trashed?.password, trashed?.name], [old.password, "maria"]);
  });

  it("cannot have the name of one that is locked", async () => {
    const old = await box.add("maria");
    await box.accounts.setDisabled(old.id, true, consoleActor);
    await box.set({ mode: "open" });
    const wish = { displayName: "Maria", name: "maria" };
    assert.equal(await failureOf(box.join(wish)), "name_taken");
    assert.equal(passwordOf("maria"), old.password?.hash);
  });

  it("is made once by a double click, and both are told of it", async () => {
    const code = await box.set({ mode: "code", places: 5 });
    const wish = { displayName: "Maria", name: "maria", code };
    const [one, other] = await Promise.all([box.join(wish), box.join(wish)]);
    assert.equal(one.id, other.id);
    assert.deepEqual(await Promise.all([failureOf(box.join(wish)), failureOf(box.join(wish))]), [
      "name_taken",
      "name_taken",
    ]);
    const kim = { displayName: "Kim", name: "kim", code };
    const passwords = ["kim's words here", "other words here"];
    const failures = await Promise.all(passwords.map((each) => failureOf(box.join(kim, each))));
    assert.deepEqual(failures, ["no failure", "name_taken"]);
    assert.equal(box.accounts.living().length, 2);
  });

  it("is made once: sent again, the second step is refused and changes nothing", async () => {
    const code = await box.set({ mode: "code", places: 5 });
    const wish = { displayName: "Maria", name: "maria", code };
    await box.join(wish);
    const before = stateOf();
    assert.equal(await failureOf(box.join(wish)), "name_taken");
    assert.equal(await failureOf(box.join(wish, "another password")), "name_taken");
    assert.equal(stateOf(), before);
  });
});

describe("a join code", () => {
  it("may be typed in small, full-width and spaced letters", async () => {
    const code = await box.set({ mode: "code" });
    const wide = (text: string): string =>
      text.replaceAll(/[!-~]/g, (each) => String.fromCharCode(each.charCodeAt(0) + 0xfee0));
    const spaced = code.toLowerCase().replace("-", " ");
    for (const typed of [spaced, wide(code), wide(code.toLowerCase()), code.replace("-", "")]) {
      const proposal = await box.look({ displayName: "Maria", code: typed });
      assert.equal(proposal.name, "maria", typed);
    }
    const wrong = failureOf(box.look({ displayName: "Maria", code: wide(code.slice(0, -1)) }));
    assert.equal(await wrong, "join_code_wrong");
  });
});

describe("the mode of a class", () => {
  const wish = { displayName: "Maria", name: "maria" };

  it("off: nobody gets in, whatever they send", async () => {
    const old = await box.set({ mode: "code" });
    await box.set({ mode: "off" });
    for (const code of ["", old, "XXXX-XXXX"]) {
      assert.equal(await failureOf(box.look({ ...wish, code })), "sign_up_closed");
      assert.equal(await failureOf(box.join({ ...wish, code })), "sign_up_closed");
    }
    assert.equal(box.signUp.takesPeople(), false);
    assert.equal(box.accounts.living().length, 0);
  });

  it("code: wrong, over, full, revoked and of another time are one answer, and in the audit", async () => {
    const revoked = await box.set({ mode: "code" });
    const wrong = async (code: string, address: string): Promise<void> => {
      const before = stateOf();
      const look = await failureOf(box.look({ ...wish, code }, address));
      const join = await failureOf(box.join({ ...wish, code }, PASSWORD, address));
      assert.deepEqual([look, join], ["join_code_wrong", "join_code_wrong"]);
      assert.equal(stateOf(), before);
      const [row] = await box.audit();
      assert.deepEqual(
        [row?.action, row?.actor, row?.detail],
        ["sign_up.refused", "anonymous", undefined],
      );
    };
    const full = await box.set({ mode: "code", places: 1 });
    await wrong(revoked, "10.0.0.1");
    await wrong("XXXX-XXXX", "10.0.0.2");
    await box.join({ displayName: "Tom", name: "tom", code: full });
    await wrong(full, "10.0.0.3");
    assert.equal(box.signUp.takesPeople(), false);
    const over = await box.set({ mode: "code", time: "lesson" });
    assert.equal(box.signUp.takesPeople(), true);
    box.clock.pass(2 * HOUR_MS);
    await wrong(over, "10.0.0.4");
    assert.equal(box.signUp.takesPeople(), false);
  });

  it("code: is asked for", async () => {
    await box.set({ mode: "code" });
    assert.equal(await failureOf(box.look(wish)), "join_code_missing");
    assert.equal(await failureOf(box.join({ ...wish, code: "  " })), "join_code_missing");
    assert.equal(box.signUp.asks().code, "yes");
  });

  it("code: says nothing about names to who does not have it", async () => {
    await box.add("maria");
    await box.set({ mode: "code" });
    assert.equal(await failureOf(box.look({ ...wish, code: "XXXX-XXXX" })), "join_code_wrong");
  });

  it("code: cannot be guessed without end", async () => {
    const code = await box.set({ mode: "code" });
    for (let guesses = 0; guesses < 6; guesses += 1) {
      assert.equal(await failureOf(box.look({ ...wish, code: "XXXX-XXXX" })), "join_code_wrong");
    }
    const guess = { ...wish, code: "XXXX-XXXX" };
    assert.equal(await failureOf(box.look(guess)), "too_many_attempts");
    for (let guesses = 7; guesses < 600; guesses += 1) {
      await failureOf(box.join(guess));
    }
    assert.equal(await failureOf(box.join({ ...wish, code })), "sign_up_limit");
    assert.equal(await failureOf(box.look({ ...wish, code }, "10.0.0.9")), "no failure");
  });

  it("code: a guesser behind the same address does not keep the others from joining", async () => {
    const code = await box.set({ mode: "code" });
    for (let guesses = 0; guesses < 30; guesses += 1) {
      await failureOf(box.look({ ...wish, code: "XXXX-XXXX" }));
    }
    assert.equal(await failureOf(box.look({ ...wish, code })), "no failure");
    assert.equal(await failureOf(box.join({ ...wish, code })), "no failure");
  });

  it("code: one that was right in the first step can be over in the second", async () => {
    const code = await box.set({ mode: "code", time: "lesson" });
    await box.look({ ...wish, code });
    let unlock = (): void => {};
    box.passwords.hashing = new Promise((resolve) => (unlock = resolve));
    const joining = failureOf(box.join({ ...wish, code }));
    await new Promise(setImmediate);
    await box.set({ mode: "code" });
    unlock();
    assert.equal(await joining, "join_code_wrong");
    assert.equal(box.accounts.living().length, 0);
    assert.equal((await box.audit())[0]?.action, "sign_up.refused");
  });

  it("open: takes in whoever comes, and does not mind a code of before", async () => {
    const old = await box.set({ mode: "code" });
    await box.set({ mode: "open" });
    assert.equal(box.signUp.asks().code, "no");
    await box.join({ ...wish, code: old });
    assert.equal(box.accounts.byName("maria")?.isNewcomer, true);
  });

  it("open: of several classes, one is chosen", async () => {
    const other = await addClass(box.store, "Other class");
    await box.set({ mode: "open" });
    await box.set({ mode: "open" }, other.id);
    assert.deepEqual(
      box.signUp.asks().classes.map(({ name }) => name),
      ["Class", "Other class"],
    );
    assert.equal(await failureOf(box.join(wish)), "class_missing");
    assert.equal(await failureOf(box.join({ ...wish, classId: "x" })), "class_missing");
    const user = await box.join({ ...wish, classId: other.id });
    assert.notEqual(box.store.get("members", `${other.id}!${user.id}`), undefined);
  });

  it("open in one class, with a code in another: the code decides when there is one", async () => {
    const other = await addClass(box.store, "Other class");
    await box.set({ mode: "open" });
    const code = await box.set({ mode: "code" }, other.id);
    assert.equal(box.signUp.asks().code, "maybe");
    const [here, there] = [
      await box.join({ displayName: "Tom", name: "tom" }),
      await box.join({ displayName: "Ann", name: "ann", code }),
    ];
    assert.notEqual(box.store.get("members", `${box.first.id}!${here.id}`), undefined);
    assert.notEqual(box.store.get("members", `${other.id}!${there.id}`), undefined);
    const wrong = box.join({ ...wish, code: "XXXX-XXXX" }, PASSWORD, "10.0.0.1");
    assert.equal(await failureOf(wrong), "join_code_wrong");
  });
});

describe("places", () => {
  it("are counted with the accounts, also when all come at once", async () => {
    const code = await box.set({ mode: "code", places: 10 });
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        failureOf(
          box.join(
            { displayName: `N${index}`, name: `n${index}`, code },
            PASSWORD,
            `10.0.0.${index}`,
          ),
        ),
      ),
    );
    assert.equal(results.filter((code) => code === "no failure").length, 10);
    assert.equal(results.filter((code) => code === "join_code_wrong").length, 40);
    assert.equal(box.accounts.living().length, 10);
    const { signUp } = box.classes.list()[0] ?? box.first;
    assert.ok(signUp.mode === "code");
    assert.equal(signUp.taken, 10);
  });

  it("are not given back when somebody is refused", async () => {
    const code = await box.set({ mode: "code", places: 1 });
    const user = await box.join({ displayName: "Tom", name: "tom", code });
    await box.accounts.remove(user.id, consoleActor);
    const again = box.join({ displayName: "Tom", name: "tom", code });
    assert.equal(await failureOf(again), "join_code_wrong");
  });

  it("of one address are 60 in an hour", async () => {
    await box.set({ mode: "open" });
    for (let made = 0; made < 60; made += 1) {
      await box.join({ displayName: `N${made}`, name: `n${made}` });
    }
    const one = { displayName: "One More", name: "one.more" };
    assert.equal(await failureOf(box.join(one)), "sign_up_limit");
    assert.equal(box.passwords.hashed, 60, "no work for what is refused");
    assert.equal(await failureOf(box.join(one, PASSWORD, "10.0.0.1")), "no failure");
    box.clock.pass(HOUR_MS);
    assert.equal(await failureOf(box.join({ ...one, name: "two.more" })), "no failure");
  });

  it("of an address are not used up by names that were taken meanwhile", async () => {
    await box.set({ mode: "open" });
    await Promise.all(
      Array.from({ length: 60 }, () => failureOf(box.join({ displayName: "A", name: "one" }))),
    );
    for (let made = 0; made < 59; made += 1) {
      await box.join({ displayName: `N${made}`, name: `n${made}` });
    }
    assert.equal(box.accounts.living().length, 60);
  });
});

describe("fifty who want one name with fifty passwords", () => {
  async function race(): Promise<void> {
    const passwords = Array.from({ length: 50 }, (_, index) => `three small words ${index}`);
    const results = await Promise.all(
      passwords.map((password, index) =>
        failureOf(box.join({ displayName: "Anna", name: "anna" }, password, `10.0.0.${index}`)),
      ),
    );
    assert.equal(results.filter((code) => code === "no failure").length, 1);
    assert.equal(results.filter((code) => code === "name_taken").length, 49);
    const winner = results.indexOf("no failure");
    assert.equal(passwordOf("anna"), `plain ${passwords[winner]}`);
    const named = box.accounts.living().filter(({ name }) => name === "anna");
    assert.equal(named.length, 1);
    const joined = (await box.audit()).filter(({ action }) => action === "user.joined");
    assert.equal(joined.length, 1);
  }

  it("are one account with one password, when it is new", async () => {
    await box.set({ mode: "open" });
    await race();
  });

  it("are one account with one password, when a teacher made it", async () => {
    await withoutPassword(box.store, await box.add("anna"));
    await box.set({ mode: "open" });
    await race();
  });
});

describe("an account that a teacher made without a password", () => {
  let anna: UserRecord;
  const wish = { displayName: "Anna", name: "anna" };

  beforeEach(async () => {
    anna = await box.add("anna");
    await withoutPassword(box.store, anna);
  });

  it("waits for its owner in an open class, keeps what it is, and is shown to the teacher", async () => {
    await box.set({ mode: "open" });
    assert.equal((await box.look({ displayName: "A", name: "ANNA" })).isWaiting, true);
    const user = await box.join({ displayName: "Someone Else", name: "anna" });
    assert.deepEqual(
      [user.id, user.number, user.displayName, user.isNewcomer, user.created],
      [anna.id, anna.number, anna.displayName, true, anna.created],
    );
    assert.equal(passwordOf("anna"), `plain ${PASSWORD}`);
    assert.equal(await failureOf(box.join(wish)), "name_taken", "once");
  });

  it("is never had by chance: a name that is made up is another one", async () => {
    await box.set({ mode: "open" });
    const proposal = await box.look({ displayName: "Anna" });
    assert.equal(proposal.name, "anna2");
    assert.deepEqual(
      proposal.near.map(({ name }) => name),
      ["anna"],
    );
  });

  it("is not to be had with a code, in another class, or while all are off", async () => {
    assert.equal(await failureOf(box.join(wish)), "sign_up_closed");
    const code = await box.set({ mode: "code" });
    assert.equal(await failureOf(box.join({ ...wish, code })), "name_taken");
    const other = await addClass(box.store, "Other class");
    await box.set({ mode: "off" });
    await box.set({ mode: "open" }, other.id);
    assert.equal(await failureOf(box.join(wish)), "name_taken");
    await box.set({ mode: "open" });
    assert.equal(await failureOf(box.join({ ...wish, classId: other.id })), "name_taken");
    assert.equal(passwordOf("anna"), undefined);
    assert.equal(await failureOf(box.join({ ...wish, classId: box.first.id })), "no failure");
  });

  it("is not to be had when it is locked, or staff's", async () => {
    await box.set({ mode: "open" });
    for (const role of ["teacher", "owner"] as const) {
      const staff = await box.add(`some-${role}`, role);
      await withoutPassword(box.store, staff);
      const join = box.join({ displayName: "X", name: staff.name });
      assert.equal(await failureOf(join), "name_taken");
    }
    await box.accounts.setDisabled(anna.id, true, consoleActor);
    assert.equal(await failureOf(box.join(wish)), "name_taken");
  });

  it("is not to be had when its owner teaches elsewhere and is a student here", async () => {
    await box.set({ mode: "open" });
    const key = `${box.first.id}!${anna.id}`;
    await box.store.change((state) => {
      const user = state.get("users", anna.id) ?? anna;
      const record = { ...user, role: "teacher" as const };
      return { writes: [{ put: "users", key: anna.id, record }], result: undefined };
    });
    assert.equal(box.store.get("members", key)?.role, "student");
    assert.equal(await failureOf(box.join(wish)), "name_taken");
  });
});
