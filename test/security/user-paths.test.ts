/** Who gets to whose server, and what the others are told. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { makeId } from "#src/stores/ids.ts";
import { tokenOf } from "#test/support/tokens.ts";
import { XSRF } from "#test/support/gateway-process.ts";
import { ListeningWorld } from "#test/support/listening-world.ts";

const NOW = "2026-11-22T05:00:00.000Z";
const JSON_CLIENT = { accept: "application/json" };

for (const base of ["/", "/jupyterhub/", "/a/b/"]) {
  describe(`a server's address below ${base}`, () => {
    let here: ListeningWorld;
    let cookie: string;

    before(async () => {
      here = await ListeningWorld.start({ basePath: base });
      cookie = await here.cookie("alice");
      await here.serve("alice", (req, res) => res.end(`alice ${req.method} ${req.url}`));
      await here.serve("bob", (_req, res) => res.end("bob"));
    });
    after(() => here[Symbol.asyncDispose]());

    it("opens for its user, and goes on as it came", async () => {
      const answer = await here.ask(`${base}user/alice/a%2Fb//c?x=y?z`, { headers: { cookie } });
      assert.equal(answer.status, 200);
      assert.equal(answer.text, `alice GET ${base}user/alice/a%2Fb//c?x=y?z`);
    });

    it("leads who is not signed in to the sign-in page and back", async () => {
      const answer = await here.ask(`${base}user/alice/lab/tree/a%20b?x=y&z`);
      assert.equal(answer.status, 302);
      const next = encodeURIComponent(`${base}user/alice/lab/tree/a%20b?x=y&z`);
      assert.equal(answer.headers.location, `${base}hub/login?next=${next}`);
      assert.equal(answer.headers["cache-control"], "no-store");
    });

    it("tells programs to sign in", async () => {
      const asked = [
        here.ask(`${base}user/alice/api/kernels`),
        here.ask(`${base}user/alice/lab`, { headers: JSON_CLIENT }),
        here.ask(`${base}user/alice/lab`, { method: "POST" }),
        here.ask(`${base}user/nobody/api/kernels`),
      ];
      for (const { status, text } of await Promise.all(asked)) {
        assert.equal(status, 403);
        assert.match(text, /sign_in_required/);
      }
    });

    it("is led to from other spellings", async () => {
      for (const [path, status, location] of [
        [`${base}user/alice?x=y`, 301, `${base}user/alice/?x=y`],
        [`${base}user/ALICE/lab?x=y`, 302, `${base}user/alice/lab?x=y`],
        [`${base}user/%61lice`, 302, `${base}user/alice/`],
      ] as const) {
        const answer = await here.ask(path, { headers: { cookie } });
        assert.deepEqual([answer.status, answer.headers.location], [status, location]);
        const changed = await here.ask(path, {
          method: "POST",
          headers: { cookie, "x-xsrftoken": XSRF },
        });
        assert.equal(changed.status, 404, path);
      }
    });

    it("does not tell whether another person exists", async () => {
      const answers = await Promise.all(
        ["bob", "nobody"].flatMap((name) => [
          here.ask(`${base}user/${name}/lab`, { headers: { cookie } }),
          here.ask(`${base}user/${name}/api`, { headers: { cookie } }),
        ]),
      );
      const [bobs, bobsApi, nobodys, nobodysApi] = answers.map(({ status, text, headers }) => {
        delete headers.date;
        return { status, text, headers };
      });
      assert.equal(bobs?.status, 404);
      assert.deepEqual(bobs, nobodys);
      assert.deepEqual(bobsApi, nobodysApi);
    });

    it("is the hub's business everywhere else", async () => {
      const answer = await here.ask(`${base}hub/home?x`, { headers: { cookie } });
      assert.equal(answer.text, "hub");
      assert.deepEqual(here.world.hubRequests.at(-1), `GET ${base}hub/home?x`);
    });
  });
}

describe("a visitor with a first password", () => {
  it("gets no further than to choosing an own one", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice", { mustChangePassword: true });
    await here.serve("alice", (_req, res) => res.end("alice"));
    const page = await here.ask("/user/alice/lab", { headers: { cookie } });
    assert.deepEqual(
      [page.status, page.headers.location],
      [302, "/hub/first?next=%2Fuser%2Falice%2Flab"],
    );
    const api = await here.ask("/user/alice/api/status", { headers: { cookie } });
    assert.equal(api.status, 403);
    const other = await here.ask("/user/bob/lab", { headers: { cookie } });
    assert.equal(other.status, 302);
  });
});

describe("a server that does not run", () => {
  let here: ListeningWorld;
  let headers: Record<string, string>;
  before(async () => {
    here = await ListeningWorld.start();
    headers = { cookie: await here.cookie("alice"), "x-xsrftoken": XSRF };
  });
  after(() => here[Symbol.asyncDispose]());

  const page = () => here.ask("/user/alice/lab?x=y", { headers });
  const api = () => here.ask("/user/alice/api/kernels", { headers });
  const say = (status: Parameters<typeof here.world.servers.statuses.set>[1]) =>
    here.world.servers.statuses.set(here.world.user("alice").id, status);

  it("is asleep: 424, in JupyterHub's words for programs", async () => {
    say({ is: "stopped" });
    assert.equal((await page()).status, 424);
    const answer = await api();
    assert.equal(answer.status, 424);
    assert.match(
      answer.text,
      /JupyterHub server no longer running at \/user\/alice\/api\/kernels\. Restart the server at http:\/\/127\.0\.0\.1:\d+\/hub\/spawn\/alice/,
    );
    const changed = await here.ask("/user/alice/api/kernels", {
      method: "POST",
      headers,
      body: "{}",
    });
    assert.equal(changed.status, 424);
  });

  it("is on its way: people wait on its page, programs come again", async () => {
    for (const status of [
      { is: "queued", since: NOW, place: 1 },
      { is: "starting", since: NOW, done: [], now: "network" },
    ] as const) {
      say(status);
      const { status: found, headers: sent } = await page();
      const next = encodeURIComponent("/user/alice/lab?x=y");
      assert.deepEqual([found, sent.location], [302, `/hub/spawn-pending/alice?next=${next}`]);
      const answer = await api();
      assert.deepEqual([answer.status, answer.headers["retry-after"]], [424, "3"]);
    }
  });

  it("is closing: programs come again", async () => {
    say({ is: "stopping", since: NOW });
    const answer = await api();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [424, "3"]);
  });

  it("is frozen, or runs without a way to it: 503", async () => {
    say({ is: "frozen", started: NOW, generation: 1 });
    const answer = await api();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, "5"]);
  });

  it("cannot be known of while Docker is away: 503", async () => {
    say({ is: "stopped" });
    here.world.servers.troubled = new HubError("docker_unreachable", { detail: "x" }).toData();
    const answer = await api();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, "5"]);
    here.world.servers.troubled = undefined;
  });

  it("is looked at when nothing answers where it should", async () => {
    const alice = here.world.user("alice").id;
    const port = await here.serve("bob", () => undefined);
    here.world.run("alice", 1);
    assert.notEqual(port, 1);
    const answer = await page();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, "5"]);
    assert.match(answer.text, /not_answering/);
    assert.deepEqual(here.world.servers.unreachableServers, [alice]);
    here.world.routes.remove(alice, "");
  });
});

describe("activity", () => {
  it("is every request of the user's, but polls", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice");
    const { id } = here.world.user("alice");
    await here.serve("alice", (_req, res) => res.end());
    await here.ask("/user/alice/lab", { headers: { cookie, "x-homeroom-poll": "1" } });
    await here.ask("/user/alice/lab");
    await here.ask("/user/bob/lab", { headers: { cookie } });
    assert.deepEqual(here.world.servers.touched, []);
    await here.ask("/user/alice/lab", { headers: { cookie } });
    assert.deepEqual(here.world.servers.touched, [id]);
  });
});

describe("a named server", () => {
  it("is found behind its own name, with its own cookies and files", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice");
    await here.serve("alice", (_req, res) => res.end("default"));
    const port = await here.serve("bob", (_req, res) => {
      res.setHeader("set-cookie", ["a=1; Path=/user/alice/two/", "b=1; Path=/user/alice/"]);
      res.end("two");
    });
    here.world.run("alice", port, { serverName: "two", serverId: makeId<"server">() });
    const named = await here.ask("/user/alice/two/files/x.html", { headers: { cookie } });
    assert.equal(named.text, "two");
    assert.deepEqual(named.headers["set-cookie"], ["a=1; Path=/user/alice/two/"]);
    assert.match(String(named.headers["content-security-policy"]), /sandbox/);
    assert.equal((await here.ask("/user/alice/twoo/", { headers: { cookie } })).text, "default");
  });
});

describe("a web application", () => {
  it("is asked with an exact origin, whatever it knows of tokens", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice");
    const port = await here.serve("alice", (req, res) =>
      res.end(req.headers.authorization ?? "none"),
    );
    here.world.run("alice", port, { kind: "web" });
    const ask = async (headers: Record<string, string>) =>
      (await here.ask("/user/alice/x", { method: "POST", headers: { cookie, ...headers } })).status;
    assert.equal(await ask({ origin: here.origin }), 200);
    assert.equal(await ask({ "x-xsrftoken": XSRF }), 403);
    assert.equal(await ask({ origin: "null" }), 403);
    assert.equal((await here.ask("/user/alice/x", { headers: { cookie } })).text, "none");
  });
});

describe("an API token", () => {
  it("opens the server without a cookie, and so without a form token", async () => {
    await using here = await ListeningWorld.start({
      authenticateToken: (token) => (token === "good" ? identity : undefined),
    });
    await here.serve("alice", (req, res) => res.end(`${req.url} ${req.headers.authorization}`));
    const cookie = await here.cookie("alice");
    const identity = tokenOf(here.world.user("alice"));
    const post = (authorization: string, path = "/user/alice/api/x") =>
      here.ask(path, { method: "POST", headers: { authorization } });

    for (const header of ["token good", "Bearer good", "TOKEN   good"]) {
      const answer = await post(header);
      assert.equal(answer.text, "/user/alice/api/x token the-containers-own-secret", header);
    }
    for (const header of ["token bad", "Basic good", "good"]) {
      assert.equal((await post(header)).status, 403, header);
    }
    // Only an upgrade may carry it in its address.
    assert.equal((await here.ask("/user/alice/api/x?token=good")).status, 403);
    // Who sends a wrong one along with a cookie is asked as with the cookie alone.
    const headers = { authorization: "token bad", cookie };
    assert.equal((await here.ask("/user/alice/api/x", { headers })).status, 200);
    const forged = await here.ask("/user/alice/api/x", { method: "POST", headers });
    assert.equal(forged.status, 403);
  });
});

describe("a page that cannot be made", () => {
  it("is said in plain words, also when the connection to the container broke", async () => {
    await using here = await ListeningWorld.start({
      respond: () => {
        throw new TypeError("no such template");
      },
    });
    const cookie = await here.cookie("alice");
    here.world.run("alice", 1);
    for (const path of ["/user/alice/lab", "/user/bob/lab"]) {
      const answer = await here.ask(path, { headers: { cookie } });
      assert.equal(answer.status, 500);
      assert.match(answer.text, /Tell your teacher this number: [A-Z]\d-\d{4}/);
      assert.doesNotMatch(answer.text, /template/);
    }
  });
});

describe("a forged request", () => {
  it("is refused in Jupyter's words", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice");
    let reached = 0;
    await here.serve("alice", (_req, res) => {
      reached += 1;
      res.end();
    });
    const answer = await here.ask("/user/alice/api/kernels", {
      method: "POST",
      headers: { cookie },
    });
    assert.equal(answer.status, 403);
    assert.deepEqual(JSON.parse(answer.text), {
      message: "'_xsrf' argument missing from POST",
      reason: null,
    });
    assert.equal(reached, 0);
    const headers = { cookie, "x-xsrftoken": XSRF, origin: here.origin };
    const fine = await here.ask("/user/alice/api/kernels", { method: "POST", headers });
    assert.equal(fine.status, 200);
  });

  it("is left to an app behind jupyter-server-proxy, from pages of ours", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice");
    const reached: string[] = [];
    const own = await here.serve("alice", (req, res) => {
      reached.push(req.url ?? "");
      res.end();
    });
    const app = "/user/alice/proxy/5000/save";
    const post = async (path: string, headers: Readonly<Record<string, string>>): Promise<number> =>
      (await here.ask(path, { method: "POST", headers: { cookie, ...headers } })).status;
    assert.equal(await post(app, { origin: here.origin }), 200);
    for (const headers of [{}, { origin: "null" }, { origin: "http://evil.example" }]) {
      assert.equal(await post(app, headers), 403);
    }
    for (const way of [
      `proxy/${own}`,
      `proxy/0${own}`,
      `proxy/absolute/${own}`,
      `proxy/localhost:${own}`,
    ]) {
      const path = `/user/alice/${way}/user/alice/api/kernels`;
      assert.equal(await post(path, { origin: here.origin }), 403, way);
    }
    assert.deepEqual(reached, [app]);
  });
});
