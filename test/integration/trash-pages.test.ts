/** The trash, as a browser without scripts gets it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Answer } from "#test/support/http-client.ts";
import {
  type PeopleWorld,
  createPeopleWorld,
  hub,
  passwordOf,
  people,
  refusalOn,
} from "#test/support/people-world.ts";
import { signIn } from "#test/support/test-hub.ts";

let world: PeopleWorld;
before(async () => {
  world = await createPeopleWorld();
});
after(() => world[Symbol.asyncDispose]());

const location = (answer: Answer): string => answer.headers.location ?? "";

describe("the trash", () => {
  async function idOf(name: string): Promise<string> {
    const user = world.user(name);
    const removed = await world.owner.post(`${people}/${name}/remove`);
    assert.equal(location(removed), `${people}?notice=person_removed`);
    return user.id;
  }
  const trash = `${hub}admin/trash`;

  it("is where the page of removing says that people go, and keeps who, class and by whom", async () => {
    await world.add("fay", "Fay");
    const ask = await world.tom.get(`${people}/fay/remove`);
    assert.match(ask.text, /goes to the trash/);
    assert.match(ask.text, /files are kept until an owner erases them/);
    const removed = await world.tom.post(`${people}/fay/remove`);
    assert.match((await world.tom.get(location(removed))).text, /The account is in the trash/);
    const { text } = await world.tom.get(trash);
    assert.match(text, /<bdi>Fay<\/bdi>.*<bdi>Class<\/bdi>.*<bdi>tom<\/bdi>/s);
    assert.doesNotMatch(text, /\/erase"/, "only owners erase");
    assert.match((await world.owner.get(trash)).text, /\/erase"/);
  });

  it("shows teachers their own former students alone", async () => {
    const { text } = await world.eve.get(trash);
    assert.match(text, /The trash is empty/);
    const id = world.store.entries("users");
    const fay = Array.from(id).find(([, user]) => user.name === "fay")?.[0] ?? "";
    const page = await world.eve.get(`${trash}/${fay}/restore`);
    const form = await world.eve.post(`${trash}/${fay}/restore`);
    assert.deepEqual([page.status, form.status], [404, 404]);
    assert.match(refusalOn(form), /not in the trash/);
    assert.equal((await world.tom.get(`${trash}/${fay}/erase`)).status, 403);
    assert.equal((await world.tom.post(`${trash}/${fay}/erase`, { confirm: "fay" })).status, 403);
  });

  it("gives people back with name, class and password", async () => {
    await world.join("gus", "Gus");
    const id = await idOf("gus");
    assert.match((await world.tom.get(`${trash}/${id}/restore`)).text, /The user name is <bdi>gus/);
    const restored = await world.tom.post(`${trash}/${id}/restore`);
    assert.equal(location(restored), `${people}/gus?notice=restored`);
    assert.match((await world.tom.get(location(restored))).text, /The account is back/);
    assert.equal((await signIn(world.box.client(), "/", "gus", passwordOf("gus"))).status, 302);
    const again = await world.tom.post(`${trash}/${id}/restore`);
    assert.equal(again.status, 404);
    assert.match(refusalOn(again), /not in the trash/);
    assert.match(again.text, /<h1>Trash<\/h1>/);
  });

  it("asks for another user name when somebody else has it, and proposes one", async () => {
    await world.add("hal", "Hal");
    const id = await idOf("hal");
    await world.add("hal", "Hal the Second");
    const page = await world.owner.get(`${trash}/${id}/restore`);
    assert.match(page.text, /Someone else has the user name <bdi>hal<\/bdi> now/);
    const proposal = /name="username"[^>]* value="([^"]+)"/.exec(page.text)?.[1] ?? "";
    assert.notEqual(proposal, "hal");
    const bare = await world.owner.post(`${trash}/${id}/restore`);
    assert.equal(bare.status, 409);
    assert.match(refusalOn(bare), /already someone with the user name hal/);
    assert.ok(bare.text.includes(`value="${proposal}"`));
    const odd = await world.owner.post(`${trash}/${id}/restore`, { username: "no no" });
    assert.equal(odd.status, 400);
    assert.ok(odd.text.includes('value="no no"'));
    const restored = await world.owner.post(`${trash}/${id}/restore`, { username: proposal });
    assert.equal(location(restored), `${people}/${proposal}?notice=restored`);
  });

  it("erases for good after the user name was typed", async () => {
    await world.add("ivy", "Ivy");
    const id = await idOf("ivy");
    const page = await world.owner.get(`${trash}/${id}/erase`);
    assert.match(page.text, /cannot be undone/);
    assert.match(page.text, /All files of this person/);
    for (const confirm of ["", "Ivy Ivy", "ada"]) {
      const refused = await world.owner.post(`${trash}/${id}/erase`, { confirm });
      assert.equal(refused.status, 400);
      assert.match(refusalOn(refused), /nothing was erased/);
      assert.match(refused.text, /<h1>Erase/);
    }
    assert.ok(world.store.get("users", id) !== undefined);
    const erased = await world.owner.post(`${trash}/${id}/erase`, { confirm: "IVY" });
    assert.equal(location(erased), `${trash}?notice=person_erased`);
    assert.equal(world.store.get("users", id), undefined);
    assert.doesNotMatch((await world.owner.get(trash)).text, /Ivy/);
    const again = await world.owner.post(`${trash}/${id}/erase`, { confirm: "ivy" });
    assert.equal(again.status, 404);
    assert.match(refusalOn(again), /not in the trash/);
  });

  it("says who is being erased, and does not give them back", async () => {
    await world.add("jan", "Jan");
    const id = await idOf("jan");
    await world.store.change((state) => {
      const user = state.get("users", id);
      assert.ok(user !== undefined);
      const record = { ...user, erasing: new Date().toISOString() };
      return { writes: [{ put: "users", key: id, record }], result: undefined };
    });
    const { text } = await world.owner.get(trash);
    assert.match(text, /Jan.*Being erased/s);
    const refused = await world.owner.post(`${trash}/${id}/restore`);
    assert.equal(refused.status, 409);
    assert.match(refusalOn(refused), /jan is being erased/);
  });
});
