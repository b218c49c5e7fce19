/** Sharing on people's own pages: letting in, seeing who is inside, taking back; all without script. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { HttpClient } from "#test/support/http-client.ts";
import { passwordOf, SharingWorld } from "#test/support/sharing-world.ts";
import { signIn } from "#test/support/test-hub.ts";

const hub = "/hub/";

describe("sharing on one's own page", { timeout: 600_000 }, () => {
  let world: SharingWorld;
  let tom: HttpClient;
  let kofi: HttpClient;

  before(async () => {
    world = await SharingWorld.open();
    await world.start("tom");
    tom = await world.browser("tom");
    kofi = await world.browser("kofi");
  });
  after(() => world[Symbol.asyncDispose]());

  async function home(client: HttpClient, query = ""): Promise<string> {
    const { status, text } = await client.get(`${hub}home${query}`);
    assert.equal(status, 200);
    return text;
  }

  function idsOn(text: string, action: string): readonly string[] {
    const forms = new RegExp(`action="${action}".*?name="id" value="([^"]+)"`, "gs");
    return Array.from(text.matchAll(forms), ([, id = ""]) => id);
  }

  it("makes a link that is shown once, and lets in who uses it", async () => {
    assert.match(await home(tom), /Only you\./);
    const made = await tom.post(`${hub}sharing/link`, { life: "hour", server: "" });
    assert.equal(made.status, 302);
    const [, query = ""] = /(\?link=[a-z0-9]+)#sharing$/.exec(made.headers.location ?? "") ?? [];
    const shown = await home(tom, query);
    const [, link = ""] =
      /<textarea[^>]*>http:\/\/[^/]+(\/hub\/accept-share\?code=[\w-]{43})</.exec(shown) ?? [];
    assert.notEqual(link, "");
    assert.doesNotMatch(await home(tom, query), /accept-share\?code/);
    assert.match(await home(tom), /used <bdi>0<\/bdi> times|used 0 times/);

    const asked = await kofi.get(link);
    assert.match(asked.text, /<bdi>tom X<\/bdi> lets you into a notebook/);
    const [, code = ""] = /code=(.*)$/.exec(link) ?? [];
    const accepted = await kofi.post(`${hub}accept-share`, { code });
    assert.equal(accepted.headers.location, "/user/tom/");
    assert.equal((await kofi.get("/user/tom/api/status")).status, 200);
    const inside = await home(tom);
    assert.match(inside, /In your notebook now:/);
    assert.match(inside, /<bdi>kofi X<\/bdi>, last active/);
    assert.match(inside, /used 1 time\b/);
  });

  it("takes back what was given, at once, and a link", async () => {
    const page = await home(tom);
    const [id = "", ...more] = idsOn(page, `${hub}sharing/revoke`);
    assert.deepEqual(more, []);
    assert.equal((await tom.post(`${hub}sharing/revoke`, { id })).status, 302);
    assert.equal((await kofi.get("/user/tom/api/status")).status, 403);
    assert.doesNotMatch(await home(tom), /In your notebook now/);
    const [link = ""] = idsOn(page, `${hub}sharing/revoke-link`);
    assert.equal((await tom.post(`${hub}sharing/revoke-link`, { id: link })).status, 302);
    const left = await home(tom);
    assert.match(left, /Only you\./);
    assert.doesNotMatch(left, /Links that are open/);
    // Once more, or somebody else's: nothing happens.
    assert.equal((await tom.post(`${hub}sharing/revoke`, { id })).status, 302);
    assert.equal((await tom.post(`${hub}sharing/revoke-link`, { id: "sc_1" })).status, 302);
  });

  it("lets a class in, which sees it on its pages; nobody there can take it away", async () => {
    await signIn(kofi, "/", "kofi", passwordOf("kofi"));
    assert.equal((await tom.post(`${hub}sharing/group`, { group: "Class" })).status, 302);
    assert.match(await home(tom), /Everyone in <bdi>Class<\/bdi>/);
    const page = await home(kofi);
    assert.match(page, /Notebooks of others/);
    assert.match(page, /href="\/hub\/visit\/tom"/);
    const [id = ""] = idsOn(await home(tom), `${hub}sharing/revoke`);
    await kofi.post(`${hub}sharing/revoke`, { id });
    assert.match(await home(kofi), /Notebooks of others/);
    await tom.post(`${hub}sharing/revoke`, { id });
    assert.doesNotMatch(await home(kofi), /Notebooks of others/);
  });

  it("lets the guest give it back", async () => {
    await world.byToken(await world.token("tom"), "hub/api/shares/tom/", {
      method: "POST",
      json: { user: "kofi" },
    });
    const [id = ""] = idsOn(await home(kofi), `${hub}sharing/revoke`);
    assert.equal((await kofi.post(`${hub}sharing/revoke`, { id })).status, 302);
    assert.doesNotMatch(await home(kofi), /Notebooks of others/);
    assert.match(await home(tom), /Only you\./);
  });

  it("refuses what does not fit, and changes nothing", async () => {
    const before = JSON.stringify([
      ...world.store.entries("shares"),
      ...world.store.entries("shareCodes"),
    ]);
    for (const [client, path, form, status] of [
      [tom, "link", { life: "forever" }, 400],
      [tom, "link", { life: "day", server: "lab2" }, 404],
      [tom, "group", { group: "8C" }, 404],
      [tom, "group", {}, 404],
      [kofi, "link", { life: "day" }, 403],
      [kofi, "group", { group: "Class" }, 403],
      [world.box.client(), "link", { life: "day" }, 403],
    ] as const) {
      const answer = await client.post(hub + `sharing/${path}`, form);
      assert.equal(answer.status, status, `${path} ${JSON.stringify(form)}`);
    }
    const bare = await tom.ask(`${hub}sharing/link`, { method: "POST", form: { life: "day" } });
    assert.equal(bare.status, 403);
    const left = JSON.stringify([
      ...world.store.entries("shares"),
      ...world.store.entries("shareCodes"),
    ]);
    assert.equal(left, before);
  });

  it("says nothing of sharing to whoever may not and was not let in", async () => {
    const page = await home(await world.browser("maria"));
    assert.doesNotMatch(page, /id="sharing"|Notebooks of others/);
  });
});
