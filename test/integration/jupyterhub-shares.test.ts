/** Shares and share codes as JupyterHub's clients know them: every address, in every case that it tells apart. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { ShareCodeModel, ShareModel } from "#src/routes/api/schemas/shares.ts";
import { MovableClock } from "#test/support/people.ts";
import type { Answer } from "#test/support/http-client.ts";
import { SharingWorld } from "#test/support/sharing-world.ts";

interface Row {
  readonly does: string;
  /** Whose token; `desk` is a service. */
  readonly as: string;
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  readonly scopes?: readonly string[];
  readonly status: number;
  readonly says?: RegExp;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly _pagination: { readonly total: number; readonly next: unknown };
}

const access = (server: string) => `access:servers!server=${server}`;

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`shares at ${basePath}`, { timeout: 600_000 }, () => {
    let world: SharingWorld;
    const clock = new MovableClock();

    before(async () => {
      world = await SharingWorld.open({ basePath, clock, named: true });
      for (const name of ["tom", "kofi"]) await world.start(name);
      await world.start("tom", "lab2");
    });
    after(() => world[Symbol.asyncDispose]());
    beforeEach(async () => {
      for (const path of [
        "shares/tom/",
        "shares/tom/lab2",
        "share-codes/tom/",
        "share-codes/tom/lab2",
      ]) {
        assert.equal((await ask("tom", "DELETE", path)).status, 204);
      }
    });

    const tokens = new Map<string, string>();
    async function tokenOf(who: string, scopes?: readonly string[]): Promise<string> {
      const key = JSON.stringify([basePath, who, scopes]);
      const token =
        tokens.get(key) ??
        (who === "desk" ? await world.serviceToken(who) : await world.token(who, scopes));
      tokens.set(key, token);
      return token;
    }

    async function ask(
      who: string,
      method: string,
      path: string,
      { json, scopes }: { json?: unknown; scopes?: readonly string[] } = {},
    ): Promise<Answer> {
      const token = await tokenOf(who, scopes);
      const body = json === undefined ? {} : { json };
      return world.byToken(token, `hub/api/${path}`, { method, ...body });
    }

    async function json<Value>(who: string, method: string, path: string, body?: unknown) {
      const answer = await ask(who, method, path, { json: body });
      assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
      return JSON.parse(answer.text) as Value;
    }

    async function opens(who: string, path = "user/tom/api/status"): Promise<number> {
      return (await world.byToken(await tokenOf(who), path)).status;
    }

    it("has JupyterHub's model of a share, and opens the server with it", async () => {
      assert.equal(await opens("kofi"), 404);
      const share = await json<ShareModel>("tom", "POST", "shares/tom/", { user: "kofi" });
      assert.match(share.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      assert.deepEqual(share, {
        server: {
          user: { name: "tom" },
          name: "",
          url: `${basePath}user/tom/`,
          full_url: null,
          ready: true,
        },
        scopes: [access("tom/")],
        user: { name: "kofi" },
        group: null,
        kind: "user",
        created_at: share.created_at,
      });
      assert.equal(await opens("kofi"), 200);
      assert.equal(await opens("kofi", "user/tom/lab2/api/status"), 404);
      const self = await json<{ scopes: readonly string[] }>("kofi", "GET", "user");
      assert.ok(self.scopes.includes(access("tom/")));
      const narrow = await ask("kofi", "GET", "user", { scopes: [access("tom/")] });
      assert.deepEqual((JSON.parse(narrow.text) as { scopes: unknown }).scopes, [
        access("tom/"),
        "read:users:groups!user=kofi",
        "read:users:name!user=kofi",
      ]);
    });

    it("is with one named server, and says so", async () => {
      const share = await json<ShareModel>("tom", "POST", "shares/tom/lab2", { user: "kofi" });
      assert.deepEqual(
        [share.server.name, share.server.url, share.scopes],
        ["lab2", `${basePath}user/tom/lab2/`, [access("tom/lab2")]],
      );
      assert.equal(await opens("kofi", "user/tom/lab2/api/status"), 200);
      assert.equal(await opens("kofi"), 404);
      const all = await json<Page<ShareModel>>("tom", "GET", "shares/tom");
      assert.deepEqual(all.items, [share]);
      assert.deepEqual((await json<Page<ShareModel>>("tom", "GET", "shares/tom/")).items, []);
      assert.deepEqual((await json<Page<ShareModel>>("tom", "GET", "shares/tom/lab2")).items, [
        share,
      ]);
    });

    it("is with a class: with whoever is in it at the time", async () => {
      const share = await json<ShareModel>("tom", "POST", "shares/tom/", { group: "Class" });
      assert.deepEqual([share.kind, share.user, share.group], ["group", null, { name: "Class" }]);
      assert.equal(await opens("maria"), 200);
      assert.equal(await opens("eve"), 404);
      await world.command("POST", "groups/9A", {});
      await world.command("POST", "groups/9A/users", { users: ["maria"] });
      await world.command("DELETE", "groups/Class/users", { users: ["maria"] });
      assert.equal(await opens("maria"), 404);
      await world.command("POST", "groups/Class/users", { users: ["maria"] });
      await world.command("DELETE", "groups/9A");
      assert.equal(await opens("maria"), 200);
      const listed = await json<Page<ShareModel>>("tom", "GET", "groups/Class/shared");
      assert.deepEqual(listed.items, [share]);
      assert.deepEqual(await json("tom", "GET", "groups/Class/shared/tom/"), share);
      const mine = await json<Page<ShareModel>>("maria", "GET", "users/maria/shared");
      assert.deepEqual(mine.items, [share]);
      // It is the class's, not theirs.
      assert.equal((await ask("maria", "GET", "users/maria/shared/tom/")).status, 404);
      assert.equal((await ask("tom", "DELETE", "groups/Class/shared/tom/")).status, 204);
      assert.equal(await opens("maria"), 404);
    });

    it("adds scopes, and takes some or all of them back", async () => {
      await json("tom", "POST", "shares/tom/", { user: "kofi" });
      const more = { user: "kofi", scopes: ["servers", `access:servers!server=tom/`] };
      const both = await json<ShareModel>("tom", "POST", "shares/tom/", more);
      assert.deepEqual(both.scopes, [access("tom/"), "servers!server=tom/"]);
      assert.equal((await ask("kofi", "GET", "users/tom/server")).status, 200);
      const stopped = await ask("kofi", "DELETE", "users/tom/server");
      assert.equal(stopped.status, 204);
      assert.equal((await ask("kofi", "POST", "users/tom/server")).status, 201);
      const less = { user: "kofi", scopes: ["servers"] };
      const left = await json<ShareModel>("tom", "PATCH", "shares/tom/", less);
      assert.deepEqual(left.scopes, [access("tom/")]);
      assert.equal((await ask("kofi", "DELETE", "users/tom/server")).status, 404);
      assert.equal(await opens("kofi"), 200);
      assert.deepEqual(await json("tom", "PATCH", "shares/tom/", { user: "kofi" }), {});
      assert.equal(await opens("kofi"), 404);
      assert.deepEqual(await json("tom", "PATCH", "shares/tom/", { user: "kofi" }), {});
      assert.deepEqual(await json("tom", "PATCH", "shares/tom/", { user: "nobody" }), {});
      assert.deepEqual(await json("tom", "PATCH", "shares/tom/", { group: "nothing" }), {});
    });

    it("can be given back by whoever has it", async () => {
      const share = await json<ShareModel>("tom", "POST", "shares/tom/", { user: "kofi" });
      assert.deepEqual(await json("kofi", "GET", "users/kofi/shared/tom/"), share);
      assert.equal((await ask("kofi", "DELETE", "users/kofi/shared/tom/")).status, 204);
      assert.equal((await ask("kofi", "DELETE", "users/kofi/shared/tom/")).status, 404);
      assert.equal(await opens("kofi"), 404);
      assert.deepEqual(
        (await json<Page<ShareModel>>("kofi", "GET", "users/kofi/shared")).items,
        [],
      );
    });

    it("goes with people's ids, and ends with people, classes and servers", async () => {
      await json("tom", "POST", "shares/tom/", { user: "sam" });
      await world.command("PATCH", "users/tom", { name: "tomas" });
      await world.command("PATCH", "users/sam", { name: "samuel" });
      await world.command("POST", "users/sam", {});
      const moved = await json<Page<ShareModel>>("tom", "GET", "shares/tomas/");
      assert.deepEqual(
        moved.items.map(({ scopes, user }) => [scopes, user?.name]),
        [[[access("tomas/")], "samuel"]],
      );
      await world.command("DELETE", "users/sam");
      await world.command("PATCH", "users/samuel", { name: "sam" });
      await world.command("PATCH", "users/tomas", { name: "tom" });
      await world.command("DELETE", "users/sam");
      assert.deepEqual((await json<Page<ShareModel>>("tom", "GET", "shares/tom/")).items, []);
      await world.join("sam");

      await world.command("POST", "groups/9B", {});
      await world.command("POST", "groups/9B/users", { users: ["kofi", "tom"] });
      await json("tom", "POST", "shares/tom/lab2", { group: "9B" });
      assert.equal(await opens("kofi", "user/tom/lab2/api/status"), 200);
      await world.command("DELETE", "groups/9B");
      assert.deepEqual([...world.store.entries("shares")], []);
      assert.equal(await opens("kofi", "user/tom/lab2/api/status"), 404);

      await world.start("tom", "lab3");
      await json("tom", "POST", "shares/tom/lab3", { user: "kofi" });
      await json("tom", "POST", "share-codes/tom/lab3");
      await world.command("DELETE", "users/tom/servers/lab3", { remove: true });
      const left = [...world.store.entries("shares"), ...world.store.entries("shareCodes")];
      assert.deepEqual(left, []);
      assert.equal((await ask("tom", "GET", "shares/tom/lab3")).status, 404);
      await world.start("tom", "lab3");
      assert.deepEqual((await json<Page<ShareModel>>("tom", "GET", "shares/tom/lab3")).items, []);
      assert.deepEqual((await json<Page<unknown>>("tom", "GET", "share-codes/tom/lab3")).items, []);
      assert.equal(await opens("kofi", "user/tom/lab3/api/status"), 404);
      await world.command("DELETE", "users/tom/servers/lab3", { remove: true });
    });

    it("opens nothing that a token's scopes do not", async () => {
      await json("tom", "POST", "shares/tom/", { user: "kofi" });
      for (const [scopes, status] of [
        [[access("tom/")], 200],
        [["access:servers!user=tom"], 404],
        [[access("kofi/")], 404],
        [["self"], 404],
      ] as const) {
        const made = await world.token("kofi", scopes).catch((error: unknown) => String(error));
        // Nobody has more of it than was shared.
        if (made.includes("Not assigning")) assert.deepEqual(scopes, ["access:servers!user=tom"]);
        else {
          const answer = await world.byToken(made, "user/tom/api/status");
          assert.equal(answer.status, status, JSON.stringify(scopes));
        }
      }
    });

    it("has codes: shown once, exchanged by whoever has them, over when their time is", async () => {
      const wanted = { expires_in: 3600 };
      const made = await json<ShareCodeModel & { code: string; accept_url: string }>(
        "tom",
        "POST",
        "share-codes/tom/",
        wanted,
      );
      const { code, accept_url: url, ...kept } = made;
      assert.equal(url, `${basePath}hub/accept-share?code=${code}`);
      assert.deepEqual(
        [kept.scopes, kept.exchange_count, kept.last_exchanged_at],
        [[access("tom/")], 0, null],
      );
      const life = Date.parse(kept.expires_at ?? "") - Date.parse(kept.created_at);
      assert.equal(life, 3_600_000);
      const { full_accept_url: _, ...listed } = kept as ShareCodeModel & { full_accept_url: null };
      const codes = await json<Page<ShareCodeModel>>("tom", "GET", "share-codes/tom/");
      assert.deepEqual(codes.items, [listed]);
      assert.deepEqual((await json<Page<ShareCodeModel>>("tom", "GET", "share-codes/tom")).items, [
        listed,
      ]);
      assert.ok(!JSON.stringify([...world.store.entries("shareCodes")]).includes(code));

      const guest = await world.browser("maria");
      const asked = await guest.get(url);
      assert.equal(asked.status, 200);
      assert.match(asked.text, /<bdi>tom X<\/bdi> lets you into a notebook/);
      assert.equal(await opens("maria"), 404);
      const accepted = await guest.post(`${basePath}hub/accept-share`, { code });
      assert.deepEqual([accepted.status, accepted.headers.location], [302, `${basePath}user/tom/`]);
      assert.equal((await guest.get(`${basePath}user/tom/api/status`)).status, 200);
      assert.equal(await opens("maria"), 200);
      const [used] = (await json<Page<ShareCodeModel>>("tom", "GET", "share-codes/tom/")).items;
      assert.equal(used?.exchange_count, 1);
      assert.notEqual(used?.last_exchanged_at, null);

      const owner = await world.browser("tom");
      assert.equal((await owner.get(url)).status, 403);
      assert.equal((await owner.post(`${basePath}hub/accept-share`, { code })).status, 400);
      const late = await world.browser("kofi");
      assert.equal((await late.get(`${basePath}hub/accept-share`)).status, 400);
      assert.equal(
        (await late.get(`${basePath}hub/accept-share?code=${"x".repeat(43)}`)).status,
        404,
      );
      clock.pass(3_600_000);
      assert.equal((await late.get(url)).status, 404);
      const over = await late.post(`${basePath}hub/accept-share`, { code });
      assert.equal(over.status, 400);
      assert.deepEqual(
        (await json<Page<ShareCodeModel>>("tom", "GET", "share-codes/tom/")).items,
        [],
      );
      // What was given with it stays.
      assert.equal(await opens("maria"), 200);
      assert.equal(await opens("kofi"), 404);
    });

    it("revokes codes: by itself, by id, or all", async () => {
      const [one, two] = [
        await json<ShareCodeModel & { code: string }>("tom", "POST", "share-codes/tom/"),
        await json<ShareCodeModel & { code: string }>("tom", "POST", "share-codes/tom/"),
      ];
      await json("tom", "POST", "share-codes/tom/");
      const left = async () =>
        (await json<Page<ShareCodeModel>>("tom", "GET", "share-codes/tom/")).items.map(
          ({ id }) => id,
        );
      for (const [query, says] of [
        ["code=nothing", "No matching code found"],
        ["id=sc_9999", "No code found matching id=sc_9999"],
        ["id=9999", "No code found matching id=9999"],
      ] as const) {
        const answer = await ask("tom", "DELETE", `share-codes/tom/?${query}`);
        assert.equal(answer.status, 404);
        assert.ok(answer.text.includes(says), answer.text);
      }
      assert.equal((await left()).length, 3);
      assert.equal((await ask("tom", "DELETE", `share-codes/tom/?code=${one.code}`)).status, 204);
      assert.equal((await ask("tom", "DELETE", `share-codes/tom/?id=${two.id}`)).status, 204);
      assert.equal((await left()).length, 1);
      assert.ok(!(await left()).includes(one.id));
      assert.equal((await ask("tom", "DELETE", "share-codes/tom/")).status, 204);
      assert.deepEqual(await left(), []);
    });

    it("comes in pages, always", async () => {
      for (const user of ["kofi", "maria", "sam"]) {
        await json("tom", "POST", "shares/tom/", { user });
        clock.pass(1);
      }
      const first = await json<Page<ShareModel>>("tom", "GET", "shares/tom?limit=2");
      assert.deepEqual(
        first.items.map(({ user }) => user?.name),
        ["kofi", "maria"],
      );
      assert.deepEqual(first._pagination, {
        offset: 0,
        limit: 2,
        total: 3,
        next: {
          offset: 2,
          limit: 2,
          url: `${world.box.origin}${basePath}hub/api/shares/tom?limit=2&offset=2`,
        },
      });
      const rest = await json<Page<ShareModel>>("tom", "GET", "shares/tom?limit=2&offset=2");
      assert.deepEqual([rest.items.length, rest._pagination.next], [1, null]);
      assert.equal((await ask("tom", "GET", "shares/tom?limit=x")).status, 400);
    });

    const rows: readonly Row[] = [
      { does: "nobody's", as: "tom", method: "GET", path: "shares/nobody", status: 404 },
      {
        does: "nobody's server",
        as: "tom",
        method: "POST",
        path: "shares/nobody/",
        json: { user: "kofi" },
        status: 404,
        says: /No such server: nobody\//,
      },
      {
        does: "no such server",
        as: "tom",
        method: "POST",
        path: "shares/tom/zz",
        json: { user: "kofi" },
        status: 404,
        says: /No such server: tom\/zz/,
      },
      {
        does: "no server named",
        as: "tom",
        method: "POST",
        path: "shares/tom",
        json: { user: "kofi" },
        status: 405,
      },
      {
        does: "no server named",
        as: "tom",
        method: "DELETE",
        path: "share-codes/tom",
        status: 405,
      },
      {
        does: "with nobody said",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: {},
        status: 400,
        says: /Specify exactly one/,
      },
      { does: "without a body", as: "tom", method: "POST", path: "shares/tom/", status: 400 },
      {
        does: "with both",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", group: "Class" },
        status: 400,
        says: /not both/,
      },
      {
        does: "with oneself",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "tom" },
        status: 400,
        says: /share with yourself/,
      },
      {
        does: "with an unknown key",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", expires_in: 60 },
        status: 400,
        says: /Invalid JSON keys/,
      },
      {
        does: "with a list",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: [],
        status: 400,
      },
      {
        does: "with a number for a name",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: 7 },
        status: 400,
      },
      {
        does: "of no scope",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", scopes: ["nonsense"] },
        status: 400,
        says: /Scope 'nonsense' does not exist/,
      },
      {
        does: "of another server's scope",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", scopes: [access("kofi/")] },
        status: 400,
        says: /not allowed on sharing access:servers!server=kofi\/, only !server=tom\//,
      },
      {
        does: "of more than a server",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", scopes: ["tokens"] },
        status: 403,
        says: /Do not have permission to grant share with scope tokens!server=tom\//,
      },
      {
        does: "of sharing itself",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", scopes: ["shares"] },
        status: 403,
      },
      {
        does: "of what they lack",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi", scopes: ["admin:servers"] },
        status: 403,
      },
      {
        does: "with whom they do not know",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "eve" },
        status: 403,
        says: /Need scope 'read:users:name' to share with users by name/,
      },
      {
        does: "with nobody",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { user: "zz" },
        status: 403,
      },
      {
        does: "with a class they do not know",
        as: "tom",
        method: "POST",
        path: "shares/tom/",
        json: { group: "8C" },
        status: 403,
        says: /read:groups:name/,
      },
      {
        does: "with nobody, for who knows all",
        as: "desk",
        method: "POST",
        path: "shares/tom/",
        json: { user: "zz" },
        status: 400,
        says: /No such user: zz/,
      },
      {
        does: "with no class, for who knows all",
        as: "desk",
        method: "POST",
        path: "shares/tom/",
        json: { group: "zz" },
        status: 400,
        says: /No such group: zz/,
      },
      {
        does: "of somebody else's notebook",
        as: "kofi",
        method: "POST",
        path: "shares/tom/",
        json: { user: "maria" },
        status: 403,
      },
      {
        does: "of a student's, by their teacher",
        as: "tom",
        method: "POST",
        path: "shares/kofi/",
        json: { user: "maria" },
        status: 403,
        says: /Do not have permission/,
      },
      {
        does: "of anybody's, by an owner",
        as: "ada",
        method: "POST",
        path: "shares/tom/",
        json: { user: "ada" },
        status: 403,
        says: /Do not have permission to grant share with scope access:servers!server=tom\//,
      },
      { does: "seen by an owner", as: "ada", method: "GET", path: "shares/tom", status: 200 },
      {
        does: "seen by another teacher",
        as: "eve",
        method: "GET",
        path: "shares/tom",
        status: 404,
      },
      {
        does: "given by a student, who may not here",
        as: "kofi",
        method: "POST",
        path: "shares/kofi/",
        json: { user: "maria" },
        status: 403,
        says: /requires any of \[shares\]/,
      },
      {
        does: "own ones, seen by a student",
        as: "kofi",
        method: "GET",
        path: "shares/kofi/",
        status: 200,
      },
      {
        does: "by a token for something else",
        as: "tom",
        scopes: ["read:users!user"],
        method: "GET",
        path: "shares/tom",
        status: 403,
      },
      {
        does: "by a token for reading",
        as: "tom",
        scopes: ["read:shares!user"],
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi" },
        status: 403,
      },
      {
        does: "by a token for another server",
        as: "tom",
        scopes: ["shares!server=tom/lab2", "access:servers!user"],
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi" },
        status: 404,
      },
      {
        does: "by a token without names",
        as: "tom",
        scopes: ["shares!user", "access:servers!user"],
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi" },
        status: 403,
        says: /read:users:name/,
      },
      {
        does: "by a token without the server",
        as: "tom",
        scopes: ["shares!user", "read:users:name!group=Class"],
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi" },
        status: 403,
        says: /Do not have permission/,
      },
      {
        does: "by a token with all that it takes",
        as: "tom",
        scopes: ["shares!user", "access:servers!user", "read:users:name!group=Class"],
        method: "POST",
        path: "shares/tom/",
        json: { user: "kofi" },
        status: 200,
      },
      {
        does: "codes for too short a time",
        as: "tom",
        method: "POST",
        path: "share-codes/tom/",
        json: { expires_in: 59 },
        status: 400,
      },
      {
        does: "codes for too long a time",
        as: "tom",
        method: "POST",
        path: "share-codes/tom/",
        json: { expires_in: 31_536_001 },
        status: 400,
      },
      {
        does: "codes for a text",
        as: "tom",
        method: "POST",
        path: "share-codes/tom/",
        json: { expires_in: "60" },
        status: 400,
      },
      {
        does: "codes with a person",
        as: "tom",
        method: "POST",
        path: "share-codes/tom/",
        json: { user: "kofi" },
        status: 400,
      },
      {
        does: "codes of a student's, by their teacher",
        as: "tom",
        method: "POST",
        path: "share-codes/kofi/",
        status: 403,
      },
      {
        does: "codes of no server",
        as: "tom",
        method: "POST",
        path: "share-codes/tom/zz",
        status: 404,
      },
      {
        does: "codes seen by another teacher",
        as: "eve",
        method: "GET",
        path: "share-codes/tom",
        status: 404,
      },
      {
        does: "what nobody was given",
        as: "ada",
        method: "GET",
        path: "users/nobody/shared",
        status: 404,
      },
      {
        does: "what others were given",
        as: "kofi",
        method: "GET",
        path: "users/maria/shared",
        status: 404,
      },
      {
        does: "what a student was given, by the teacher",
        as: "tom",
        method: "GET",
        path: "users/maria/shared",
        status: 200,
      },
      {
        does: "what was not given",
        as: "kofi",
        method: "GET",
        path: "users/kofi/shared/tom/lab2",
        status: 404,
        says: /No such share for user kofi on tom\/lab2/,
      },
      {
        does: "what was not given, by nobody",
        as: "kofi",
        method: "DELETE",
        path: "users/kofi/shared/nobody/",
        status: 404,
      },
      {
        does: "what a class was not given",
        as: "tom",
        method: "DELETE",
        path: "groups/Class/shared/tom/lab2",
        status: 404,
        says: /No such share for group Class on tom\/lab2/,
      },
      { does: "of no class", as: "tom", method: "GET", path: "groups/zz/shared", status: 404 },
      {
        does: "of another's class",
        as: "eve",
        method: "GET",
        path: "groups/Class/shared",
        status: 404,
      },
      {
        does: "of a class, by a student",
        as: "kofi",
        method: "GET",
        path: "groups/Class/shared",
        status: 403,
      },
    ];
    for (const { does, as, method, path, status, says, ...rest } of rows) {
      it(`${method} ${path} by ${as}, ${does}: ${status}`, async () => {
        const answer = await ask(as, method, path, rest);
        assert.equal(answer.status, status, answer.text);
        if (says !== undefined) assert.match(answer.text, says);
      });
    }
  });
}

describe("the setting of who may share", { timeout: 600_000 }, () => {
  for (const sharing of ["everyone", "nobody"] as const) {
    it(`lets ${sharing}`, async () => {
      await using world = await SharingWorld.open({ sharing });
      const status = sharing === "everyone" ? 200 : 403;
      for (const [who, json] of [
        ["kofi", undefined],
        ["tom", undefined],
        ["ada", undefined],
      ] as const) {
        const token = await world.token(who);
        const path = `hub/api/share-codes/${who}/`;
        const made = await world.byToken(token, path, { method: "POST", json });
        assert.equal(made.status, status, `${who}: ${made.text}`);
      }
    });
  }
});
