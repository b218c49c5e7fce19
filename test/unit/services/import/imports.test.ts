import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { beforeEach, describe, it } from "node:test";
import { failureText, HubError } from "#src/errors.ts";
import { Groups } from "#src/services/accounts/groups.ts";
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import { Imports, type MoveRequest } from "#src/services/import/imports.ts";
import { dummyBcrypt } from "#src/services/sign-in/bcrypt-hashes.ts";
import { makeId } from "#src/stores/ids.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { tarOf } from "#test/contract/homes.ts";
import { FakeHomes } from "#test/support/fake-homes.ts";
import { FakeSandbox } from "#test/support/fake-sandbox.ts";
import { consoleActor, createPeople, failureOf } from "#test/support/people.ts";

let people: ReturnType<typeof createPeople>;
let sandbox: FakeSandbox;
let homes: FakeHomes;
let imports: Imports;
const never = new AbortController().signal;
const [samsHash, adasHash] = [dummyBcrypt(12), dummyBcrypt(12)];

beforeEach(() => {
  people = createPeople();
  sandbox = new FakeSandbox();
  homes = new FakeHomes();
  imports = new Imports({ ...people, sandbox, homes });
  sandbox.says({
    users: [
      { name: "ada", admin: true },
      { name: "sam", groups: ["7B"] },
      { name: "kim", groups: ["7B", "Chess"] },
      { name: "lee" },
    ],
    groups: ["7B", "Chess"],
    firstuse: [
      { name: "ada", hash: adasHash },
      { name: "sam", hash: samsHash },
    ],
  });
});

function move(request: Partial<MoveRequest> = {}) {
  const options = { apply: true, admins: "teacher" as const, ...request };
  const by = { actor: consoleActor, signal: never };
  return imports.jupyterHub(Readable.from([Buffer.of()]), options, by);
}

/** Each person in a line. */
async function told(request: Partial<MoveRequest> = {}): Promise<readonly string[]> {
  const { people } = await move(request);
  return people.map(({ was, becomes, name, role, password, classes, problem }) =>
    [was, becomes, name, role, password, classes.join("+"), problem?.code].join(" "),
  );
}

function user(name: string) {
  const found = people.accounts.byName(name);
  assert.ok(found !== undefined, name);
  return found;
}

function classesOf(name: string): readonly string[] {
  return membershipsOf(people.store, user(name).id).map(
    ({ groupId, role }) => `${people.store.get("groups", groupId)?.name} ${role}`,
  );
}

/** All rows, and how many lines the audit has. */
async function everything(): Promise<string> {
  const collections = ["meta", "users", "names", "groups", "members", "servers", "tokens"] as const;
  const rows = collections.map((name) => [...people.store.entries(name)]);
  return JSON.stringify([rows, (await people.audit()).length]);
}

const defaultClass = (): string =>
  [...people.store.entries("groups")].find(([, group]) => group.isDefault)?.[1].name ?? "";

describe("moving in from JupyterHub", () => {
  it("is told before it is done, and changes nothing until then", async () => {
    const before = await everything();
    const preview = await told({ apply: false });
    assert.equal(await everything(), before);
    assert.deepEqual(preview, [
      `ada new ada teacher kept 7B+Chess+${defaultClass()} `,
      "sam new sam student kept 7B ",
      "kim new kim student none 7B+Chess ",
      `lee new lee student none ${defaultClass()} `,
    ]);
    assert.deepEqual(await told(), preview);
  });

  it("makes accounts with the passwords that they had, in the classes that they were in", async () => {
    await move();
    assert.equal(user("sam").password?.hash, samsHash);
    assert.equal(user("sam").password?.isFirst, false);
    assert.equal(user("kim").password, undefined);
    assert.deepEqual(classesOf("kim"), ["7B student", "Chess student"]);
    assert.deepEqual(classesOf("lee"), [`${defaultClass()} student`]);
    assert.deepEqual(classesOf("ada"), [
      `${defaultClass()} teacher`,
      "7B teacher",
      "Chess teacher",
    ]);
    const numbers = ["ada", "sam", "kim", "lee"].map((name) => user(name).number);
    assert.deepEqual(numbers, [1, 2, 3, 4]);
    assert.equal((await people.add("next")).number, 5);
    const added = (await people.audit()).filter(({ action }) => action === "user.added").slice(1);
    assert.deepEqual(
      added.map(({ actor, subjectName, detail }) => [actor, subjectName, detail?.["from"]]),
      ["lee", "kim", "sam", "ada"].map((name) => ["console", name, "jupyterhub"]),
    );
    assert.doesNotMatch(JSON.stringify(await people.audit()), /\$2b/);
  });

  it("is one change", async () => {
    let changes = 0;
    const end = people.store.onChange(() => (changes += 1));
    await move();
    end();
    assert.equal(changes, 1);
  });

  it("changes nothing a second time", async () => {
    await move();
    const before = await everything();
    assert.deepEqual(await told(), [
      "ada there ada teacher   ",
      "sam there sam student   ",
      "kim there kim student   ",
      "lee there lee student   ",
    ]);
    assert.equal(await everything(), before);
  });

  it("adds a second time what is missing: people, passwords and classes", async () => {
    await move();
    sandbox.says({
      users: [{ name: "sam", groups: ["7B", "New"] }, { name: "kim" }, { name: "zoe" }],
      groups: ["7B", "New"],
      firstuse: [
        { name: "sam", hash: dummyBcrypt(10) },
        { name: "kim", hash: adasHash },
      ],
    });
    assert.deepEqual(await told(), [
      "sam there sam student  New ",
      "kim there kim student kept  ",
      `zoe new zoe student none ${defaultClass()} `,
    ]);
    assert.equal(user("sam").password?.hash, samsHash);
    assert.equal(user("kim").password?.hash, adasHash);
    assert.deepEqual(classesOf("sam"), ["7B student", "New student"]);
  });

  it("does not undo what was changed here since", async () => {
    await move();
    const groups = new Groups(people);
    await groups.addMembers("7b", ["lee"], consoleActor);
    await groups.removeMembers("chess", ["kim"], consoleActor);
    await people.accounts.rename(user("sam").id, { name: "samuel" }, consoleActor);
    await people.accounts.setRole(user("ada").id, "student", consoleActor);
    await people.accounts.remove(user("lee").id, consoleActor);
    const { firstPassword } = await people.accounts.resetPassword(user("kim").id, consoleActor);
    const before = await everything();
    assert.deepEqual(await told(), [
      "ada there ada student   ",
      "sam there samuel student   ",
      "kim there kim student   ",
      "lee in_trash lee student   ",
    ]);
    assert.equal(await everything(), before);
    assert.equal(user("kim").password?.hash, `plain ${firstPassword}`);
  });

  it("never touches an account that was there before", async () => {
    const { user: mine } = await people.accounts.add({ name: "sam" }, consoleActor);
    const [, second] = await told();
    assert.equal(second, "sam other sam student   ");
    assert.deepEqual(user("sam"), mine);
    assert.deepEqual(classesOf("sam"), [`${defaultClass()} student`]);
    assert.equal(
      imports.awaitingFiles().some(({ id }) => id === mine.id),
      false,
    );
  });

  it("uses a class that is called so already, in any spelling", async () => {
    await new Groups(people).add(["7b"], [], consoleActor);
    const { classes } = await move();
    assert.deepEqual(
      classes.map(({ was, becomes, name }) => [was, becomes, name]),
      [
        ["7B", "there", "7b"],
        ["Chess", "new", "Chess"],
      ],
    );
    assert.deepEqual(classesOf("sam"), ["7b student"]);
  });

  it("makes of admins what was said, and an owner only with a password", async () => {
    sandbox.says({
      users: [
        { name: "ada", admin: true },
        { name: "root", admin: true },
      ],
      firstuse: [{ name: "ada", hash: adasHash }],
    });
    const roles = async (admins: MoveRequest["admins"]) =>
      (await move({ apply: false, admins })).people.map(({ role }) => role);
    assert.deepEqual(await roles("student"), ["student", "student"]);
    assert.deepEqual(await roles("teacher"), ["teacher", "teacher"]);
    assert.deepEqual(await roles("owner"), ["owner", "teacher"]);
    await move({ admins: "owner" });
    assert.deepEqual(classesOf("ada"), []);
    assert.equal(people.accounts.hasOwner(), true);
  });

  it("finds names for those that are none here, and says whom it cannot name", async () => {
    sandbox.says({
      users: [
        "maria lopez",
        "María",
        "maria",
        "иван",
        "Zoë@school.org",
        "bob+1",
        "user",
        "../../etc",
        "x".repeat(300),
        "",
        "\u202Eevil",
        "maria.lopez",
        "__proto__",
      ].map((name) => ({ name })),
    });
    assert.deepEqual(
      (await told()).map((line) => line.replace(` ${defaultClass()}`, "").slice(0, 80).trim()),
      [
        "maria lopez refused     import_same_name",
        "María refused     import_same_name",
        "maria new maria student none",
        "иван new ivan student none",
        "Zoë@school.org new zoe@school.org student none",
        "bob+1 new bob.1 student none",
        "user refused     name_reserved",
        "../../etc new etc student none",
        "x".repeat(80),
        "refused     name_empty",
        "\u202Eevil new evil student none",
        "maria.lopez new maria.lopez student none",
        "__proto__ new proto__ student none",
      ],
    );
    assert.equal(user("zoe@school.org").displayName, "Zoë@school.org");
    assert.equal(user("evil").displayName, "evil");
  });

  it("makes no class of a group that cannot be one, and leaves nobody without a class", async () => {
    sandbox.says({
      users: [{ name: "sam", groups: ["\u0000", ".."] }],
      groups: ["\u0000", "..", "7B", "7b"],
    });
    const { classes } = await move();
    assert.deepEqual(
      classes.map(({ becomes, name }) => [becomes, name]),
      [
        ["refused", undefined],
        ["refused", undefined],
        ["new", "7B"],
        ["there", "7B"],
      ],
    );
    assert.deepEqual(classesOf("sam"), [`${defaultClass()} student`]);
  });
});

describe("passwords that come along", () => {
  it("are those of the file before those of the table, and only what bcrypt made at a fair cost", async () => {
    const names = ["both", "dear", "plain", "typed", "twice", "native", "second", "shut"];
    const hash = dummyBcrypt(12);
    sandbox.says({
      users: names.map((name) => ({ name })),
      firstuse: [
        { name: "both", hash: adasHash },
        { name: "dear", hash: hash.replace("$12$", "$31$") },
        { name: "plain", hash: "sam likes tea" },
        { name: "Typed", hash: samsHash },
        { name: "Twice", hash },
        { name: "TWICE", hash },
        { name: "gone", hash },
      ],
      native: [
        { name: "both", hash },
        { name: "native", hash },
        { name: "second", hash, second_factor: true },
        { name: "shut", hash, authorized: false },
        { name: "early", hash },
        { name: "asked", hash, authorized: false },
      ],
    });
    const { people: planned, strangers } = await move();
    assert.deepEqual(
      planned.map(({ was, password }) => [was, password]),
      [
        ["both", "kept"],
        ["dear", "too_dear"],
        ["plain", "damaged"],
        ["typed", "kept"],
        ["twice", "none"],
        ["native", "kept"],
        ["second", "second_factor"],
        ["shut", "not_authorized"],
        ["early", "kept"],
      ],
    );
    assert.deepEqual(strangers, ["gone", "asked"]);
    assert.equal(user("both").password?.hash, adasHash);
    assert.equal(user("typed").password?.hash, samsHash);
    assert.equal(user("dear").password, undefined);
  });
});

describe("files that cannot be read", () => {
  it("are told in a sentence, and change nothing", async () => {
    const before = await everything();
    for (const [exitCode, errors, sentence] of [
      [65, "The database is damaged.\n", /^Nothing was taken in\. The database is damaged\.$/],
      [127, "sh: 1: exec: python3: not found\n", /no Python/],
      [137, "", /too much memory or time/],
      [152, "", /too much memory or time/],
      [136, "", /damaged in a way/],
      [139, "", /damaged in a way/],
      [1, 'Traceback\nNameError: name "x"\n', /could not be read: NameError: name "x"$/],
    ] as const) {
      sandbox.end = { exitCode, output: "{", errors };
      const told = await move().catch((error: unknown) => error);
      assert.ok(told instanceof HubError);
      assert.match(failureText(told.toData(), "teacher"), sentence);
    }
    assert.equal(await everything(), before);
  });
});

describe("files of people who moved in", () => {
  /** They have opened a notebook, and made a file in it. */
  async function work({ id: userId }: UserRecord): Promise<void> {
    await homes.unpack(userId, ".", tarOf({ "one.ipynb": "mine" }));
    const server = { id: makeId<"server">(), userId, name: "", generation: 1, options: {} };
    await people.store.change(() => ({
      writes: [{ put: "servers", key: `${userId}!${server.id}`, record: server }],
      result: undefined,
    }));
  }

  it("come once, into the home as it is", async () => {
    await move();
    assert.deepEqual(
      imports.awaitingFiles().map(({ name }) => name),
      ["ada", "sam", "kim", "lee"],
    );
    const sam = user("sam");
    const files = tarOf({ "work/one.ipynb": "{}" });
    assert.deepEqual(await imports.receiveFiles(sam.id, files, never), { folder: "." });
    assert.deepEqual([...(homes.files.get(sam.id)?.keys() ?? [])], ["work/one.ipynb"]);
    assert.equal(imports.awaitingFiles().length, 3);
    const again = imports.receiveFiles(sam.id, tarOf({ "work/one.ipynb": "old" }), never);
    assert.equal(await failureOf(again), "import_not_awaited");
    assert.equal(homes.files.get(sam.id)?.get("work/one.ipynb")?.toString(), "{}");
  });

  it("are awaited still when they did not come in whole", async () => {
    await move();
    const sam = user("sam");
    const cut = Readable.from([Buffer.alloc(600, "x")]);
    assert.equal(await failureOf(imports.receiveFiles(sam.id, cut, never)), "archive_incomplete");
    assert.equal(imports.awaitingFiles().length, 4);
  });

  it("go beside those of somebody who has worked here already", async () => {
    await move();
    const sam = user("sam");
    await work(sam);
    const received = await imports.receiveFiles(sam.id, tarOf({ "one.ipynb": "old" }), never);
    assert.deepEqual(received, { folder: "from-jupyterhub" });
    assert.deepEqual(Object.fromEntries(homes.files.get(sam.id) ?? []), {
      "one.ipynb": Buffer.from("mine"),
      "from-jupyterhub/one.ipynb": Buffer.from("old"),
    });
  });

  it("go beside those of somebody who has begun to work while they come in", async () => {
    await move();
    const sam = user("sam");
    const late = async function* () {
      await work(sam);
      yield* tarOf({ "one.ipynb": "old" });
    };
    const received = await imports.receiveFiles(sam.id, Readable.from(late()), never);
    assert.deepEqual(received, { folder: "from-jupyterhub" });
    assert.equal(homes.files.get(sam.id)?.get("one.ipynb")?.toString(), "mine");
  });

  it("change nothing when they came in twice at the same time", async () => {
    await move();
    const sam = user("sam");
    const late = async function* () {
      await imports.receiveFiles(sam.id, tarOf({ "one.ipynb": "first" }), never);
      yield* tarOf({ "one.ipynb": "second" });
    };
    const second = imports.receiveFiles(sam.id, Readable.from(late()), never);
    assert.equal(await failureOf(second), "import_not_awaited");
    assert.equal(homes.files.get(sam.id)?.get("one.ipynb")?.toString(), "first");
  });

  it("are for nobody who was here before, or is not here", async () => {
    const mine = await people.add("mine");
    await move();
    const lee = user("lee");
    await people.accounts.remove(lee.id, consoleActor);
    const send = (id: typeof mine.id) => failureOf(imports.receiveFiles(id, tarOf({}), never));
    assert.equal(await send(mine.id), "import_not_awaited");
    assert.equal(await send(lee.id), "user_not_found");
    assert.equal(homes.files.size, 0);
  });
});
