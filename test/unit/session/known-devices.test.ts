import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { KnownDevices } from "#src/session/known-devices.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { consoleActor, createPeople } from "#test/support/people.ts";

let people: ReturnType<typeof createPeople>;
let devices: KnownDevices;
let sam: UserRecord;
let alex: UserRecord;

beforeEach(async () => {
  people = createPeople();
  sam = await people.add("sam");
  alex = await people.add("alex");
  devices = new KnownDevices("instance key");
});

function knows(cookie: string | undefined, user: UserRecord): boolean {
  const device = devices.read(cookie);
  return device !== undefined && devices.knows(device, user);
}

describe("the cookie of a browser", () => {
  it("knows those who signed in there, and keeps its id", () => {
    const first = devices.remember(undefined, sam);
    assert.ok(knows(first, sam));
    assert.ok(!knows(first, alex));
    const both = devices.remember(devices.read(first), alex);
    assert.ok(knows(both, sam) && knows(both, alex));
    assert.equal(devices.read(both)?.id, devices.read(first)?.id);
    assert.equal(devices.remember(devices.read(both), alex), both, "nobody stands in it twice");
  });

  it("is another one in each browser, and says nothing about who it was", async () => {
    // A name that chance does not write: three letters it does, now and then.
    const user = await people.add("samantha-wilhelmina");
    const [one, other] = [devices.remember(undefined, user), devices.remember(undefined, user)];
    const [idOfOne, tagOfOne] = one.split(".");
    const [idOfOther, tagOfOther] = other.split(".");
    assert.notEqual(idOfOne, idOfOther);
    assert.notEqual(tagOfOne, tagOfOther);
    assert.ok(!one.includes(user.id) && !one.includes(user.name));
    assert.ok(
      !knows(`${idOfOther}.${tagOfOne}`, user),
      "a tag is worth nothing in another browser",
    );
  });

  it("of an own good account is worth nothing for another account", () => {
    const cookie = devices.remember(undefined, alex);
    assert.ok(!knows(cookie, sam));
    const renamed = { ...alex, name: sam.name };
    assert.ok(!knows(devices.remember(undefined, renamed), sam));
  });

  it("is void when the password was reset or changed, and knows the new one then", async () => {
    const cookie = devices.remember(undefined, sam);
    people.clock.pass(1000);
    const { user } = await people.accounts.resetPassword(sam.id, consoleActor);
    assert.ok(!knows(cookie, user));
    const renewed = devices.remember(devices.read(cookie), user);
    assert.ok(knows(renewed, user));
  });

  it("is worth nothing when somebody else made it up", () => {
    const cookie = devices.remember(undefined, sam);
    const [id = "", tag = ""] = cookie.split(".");
    // Not all in small letters: by chance, a tag is that already.
    const otherCase = tag.replaceAll(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    for (const forged of [
      undefined,
      "",
      ".",
      id,
      `${id}.`,
      `${id}.${"A".repeat(12)}`,
      `${id}.${otherCase}`,
      `${id}.${tag}x`,
      `${id}..${tag}`,
      ` ${cookie}`,
      `${cookie}\n`,
      `"${cookie}"`,
      cookie + `.${tag}`.repeat(40),
      "x".repeat(100_000),
      "__proto__",
      new KnownDevices("another key").remember(undefined, sam),
    ]) {
      assert.equal(knows(forged, sam), false, forged?.slice(0, 80));
    }
  });

  it("is bounded: of more than forty, those who were not there for the longest time go", async () => {
    let cookie: string | undefined;
    const class41 = [];
    for (let index = 0; index < 41; index += 1) {
      const user = await people.add(`student${index}`);
      class41.push(user);
      cookie = devices.remember(devices.read(cookie), user);
    }
    assert.ok(cookie !== undefined && cookie.length < 600);
    assert.deepEqual(
      class41.filter((user) => !knows(cookie, user)).map(({ name }) => String(name)),
      ["student0"],
    );
  });
});
