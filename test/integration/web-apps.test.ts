/** Web apps as they come from PyPI, as people's servers: one that knows its address, and one that knows only `/`. */
import assert from "node:assert/strict";
import { on, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ProfileConfig } from "#src/config/schema.ts";
import { makeId } from "#src/stores/ids.ts";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { buildOtherImage } from "#test/support/other-images.ts";
import { createSpawnerWorld, soon } from "#test/support/spawner-world.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { type TestHub, addPerson, createTestHub, signInFirst } from "#test/support/test-hub.ts";

const BASE = "/jupyterhub/";
const APP = `${BASE}user/maria/`;
const START_MS = 120_000;

function profilesOf(image: string): Readonly<Record<string, ProfileConfig>> {
  const common = { image, kind: "web", offered: true } as const;
  return {
    // Flask's own server, told nothing of where it is.
    notes: {
      ...common,
      port: 5000,
      stripPrefix: true,
      command: ["flask", "--app", "notes", "run", "--host=0.0.0.0", "--port={port}"],
    },
    counter: {
      ...common,
      port: 2718,
      command: [
        ..."marimo run counter.py --headless --no-token --host=0.0.0.0".split(" "),
        "--port={port}",
        "--base-url={prefix}",
      ],
    },
  };
}

describe("a web app as somebody's server", { timeout: 1_200_000 }, () => {
  let docker: DockerRun;
  let dataDir: string;
  let box: TestHub;
  let maria: HttpClient;
  let own: Readonly<Record<string, string>>;

  async function open(): Promise<TestHub> {
    const image = await buildStubNotebook();
    const profiles = profilesOf(await buildOtherImage("web"));
    const config = { basePath: BASE, dataDir, spawner: { image, profiles, pool: docker.pool } };
    return createTestHub({ config, secrets: docker.secrets });
  }

  async function xsrf(path: string): Promise<Record<string, string>> {
    await maria.get(`${BASE}hub/home`);
    return { "x-xsrftoken": maria.cookie("_xsrf", path) ?? "" };
  }

  /** Asks for it by the API, as the page with the choice does by a form. */
  async function start(profile: string): Promise<void> {
    const path = `${BASE}hub/api/users/maria/server`;
    const headers = await xsrf(path);
    let answer = await maria.ask(path, { method: "POST", json: { profile }, headers });
    const end = performance.now() + START_MS;
    while (answer.status === 202 && performance.now() < end) {
      answer = await maria.ask(path, { method: "POST", json: { profile }, headers });
    }
    assert.ok(answer.status === 201 || answer.text.includes("already running"), answer.text);
  }

  async function stop(): Promise<void> {
    const path = `${BASE}hub/api/users/maria/server`;
    const headers = await xsrf(path);
    let answer = await maria.ask(path, { method: "DELETE", headers });
    while (answer.status === 202) answer = await maria.ask(path, { method: "DELETE", headers });
    assert.equal(answer.status, 204, answer.text);
  }

  before(async () => {
    docker = await createDockerRun();
    dataDir = await mkdtemp(join(tmpdir(), "homeroom-web-apps-"));
    box = await open();
    const owner = await box.setUp();
    const person = { displayName: "María López", username: "maria" };
    const password = await addPerson(owner, BASE, person);
    maria = box.client();
    await signInFirst(maria, BASE, "maria", password, "my own words");
    own = { origin: box.origin };
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
  });

  describe("that knows no address but /", () => {
    before(() => start("notes"));

    it("is where its person is led", async () => {
      const page = await maria.get(`${BASE}hub/spawn`, { follow: true });
      assert.equal(page.url, APP);
      assert.match(page.text, /Visit 1 of maria/);
    });

    it("knows its visitor again by a cookie that goes to no other place", async () => {
      const page = await maria.get(APP);
      assert.match(page.text, /Visit 2 of maria/);
      assert.equal(page.headers["set-cookie"]?.length, 1);
      assert.match(
        page.headers["set-cookie"]?.[0] ?? "",
        /^session=.*; Path=\/jupyterhub\/user\/maria\/;/,
      );
      assert.equal(maria.cookie("session", `${BASE}hub/home`), undefined);
      assert.equal(maria.cookie("session", `${BASE}user/bob/`), undefined);
    });

    it("takes its form, and leads back to where the browser is", async () => {
      const csrf = /name=csrf value=([\w-]+)/.exec((await maria.get(APP)).text)?.[1] ?? "";
      const form = { csrf, text: "water the plants" };
      const sent = await maria.ask(`${APP}notes`, { method: "POST", form, headers: own });
      assert.deepEqual([sent.status, sent.headers.location], [302, `${APP}#added`]);
      assert.match((await maria.get(APP)).text, /<li>water the plants<\/li>/);
      const far = await maria.get(`${APP}far`);
      assert.equal(far.headers.location, `${APP}notes/list`);
      assert.deepEqual(JSON.parse((await maria.get(`${APP}far`, { follow: true })).text), [
        "water the plants",
      ]);
    });

    it("gets no form from a page elsewhere, or from nowhere", async () => {
      const csrf = /name=csrf value=([\w-]+)/.exec((await maria.get(APP)).text)?.[1] ?? "";
      const form = { csrf, text: "forged" };
      for (const headers of [
        { origin: "http://evil.example" },
        { origin: "null" },
        { origin: `${box.origin}.evil.example` },
        {},
      ]) {
        const sent = await maria.ask(`${APP}notes`, { method: "POST", form, headers });
        assert.equal(sent.status, 403, JSON.stringify(headers));
      }
      assert.doesNotMatch((await maria.get(`${APP}notes/list`)).text, /forged/);
    });

    it("is told who visits, where it is, and nothing that opens the hub", async () => {
      const headers = {
        ...own,
        "x-remote-user": "root",
        "remote-user": "root",
        "x-forwarded-prefix": "/evil",
        "hx-request": "true",
        authorization: "Bearer something",
      };
      const { text } = await maria.get(`${APP}echo/two%2Fparts?a=1&token=abc`, { headers });
      const seen = JSON.parse(text) as { url: string; headers: Record<string, string> };
      assert.equal(seen.url, "/echo/two/parts?a=1");
      assert.equal(seen.headers["X-Remote-User"], "maria");
      assert.equal(seen.headers["X-Homeroom-User"], "maria");
      assert.equal(seen.headers["X-Forwarded-Prefix"], "/jupyterhub/user/maria");
      assert.equal(seen.headers["Hx-Request"], "true");
      assert.equal(seen.headers["Remote-User"], undefined);
      assert.equal(seen.headers["Authorization"], undefined);
      assert.doesNotMatch(text, /jupyterhub-(?:session-id|hub-login)/);
    });

    it("streams events as they come, and takes a large body", async () => {
      const times: number[] = [];
      const stream = await events(box.origin, `${APP}events`, maria.cookieHeader(APP), () =>
        times.push(performance.now()),
      );
      assert.equal(stream, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
      assert.ok(times.length >= 3, "they came in one piece");
      const body = Buffer.alloc(3 * 1024 * 1024);
      const sent = await maria.ask(`${APP}size`, { method: "PUT", body, headers: own });
      assert.deepEqual(JSON.parse(sent.text), { size: body.length });
    });

    it("runs as user 1000 without any right, whatever its image says", async () => {
      const [container = ""] = await docker.containers();
      const look = "id -u; id -g; grep CapEff /proc/self/status; touch /opt/x 2>&1 || echo $HOME";
      const seen = await docker.cli("exec", container, "sh", "-c", look);
      assert.match(
        seen,
        /^1000\n1000\nCapEff:\t0+\ntouch: .*Read-only file system\n\/home\/jovyan$/,
      );
    });

    it("is for its person alone", async () => {
      assert.equal((await box.client().get(APP)).status, 302);
      const owner = box.client();
      await owner.get(`${BASE}hub/login`);
      const password = { username: "ada", password: "correct horse battery" };
      await owner.post(`${BASE}hub/login`, password);
      assert.equal((await owner.get(`${BASE}hub/home`)).status, 200);
      assert.notEqual((await owner.get(`${APP}notes/list`)).status, 200);
    });

    it("is found again by the next hub", async () => {
      const containers = await docker.containers();
      await box.stop();
      box = await open();
      own = { origin: box.origin };
      const again = box.client();
      for (const [name, path] of [
        ["jupyterhub-session-id", BASE],
        ["jupyterhub-hub-login", `${BASE}hub/`],
        ["session", APP],
      ] as const) {
        again.keep(name, maria.cookie(name, path) ?? "", path);
      }
      maria = again;
      assert.match((await maria.get(APP)).text, /Visit \d+ of maria/);
      assert.deepEqual(await docker.containers(), containers);
    });
  });

  describe("that knows its address", () => {
    before(async () => {
      await stop();
      await start("counter");
    });

    it("works below it", async () => {
      const page = await maria.get(APP);
      assert.equal(page.status, 200);
      assert.match(page.text, /<marimo-server-token/);
      const bare = await maria.get(APP.slice(0, -1), { follow: true });
      assert.equal(bare.url, APP);
      // Frames of its own pages are a part of it.
      assert.match(String(page.headers["content-security-policy"]), /frame-ancestors 'self'/);
      const asset = /"\.\/(assets\/[\w-]+\.js)"/.exec(page.text)?.[1] ?? "";
      const script = await maria.get(APP + asset);
      assert.deepEqual([script.status, script.text.length > 1000], [200, true]);
    });

    it("works out its page over a WebSocket", async () => {
      const path = `${APP}ws?session_id=s_123456`;
      const socket = maria.webSocket(path, own);
      const end = AbortSignal.timeout(120_000);
      let seen = "";
      for await (const [message] of on(socket, "message", { signal: end })) {
        seen += String(message);
        if (seen.includes("the answer is 42")) break;
      }
      socket.terminate();
    });

    it("opens no WebSocket to a page elsewhere", async () => {
      for (const origin of ["http://evil.example", "null"]) {
        const socket = maria.webSocket(`${APP}ws?session_id=s_654321`, { origin });
        socket.on("error", () => {});
        const [, answer] = (await once(socket, "unexpected-response")) as [
          unknown,
          { statusCode: number },
        ];
        assert.equal(answer.statusCode, 403, origin);
      }
    });
  });
});

describe("a web app as the profile of all", { timeout: 600_000 }, () => {
  it("leaves homes to an image that has a shell", async () => {
    // There is nothing in it at all.
    const image = await buildOtherImage("other-machine");
    const web: ProfileConfig = { image, kind: "web", port: 80, offered: false };
    await using world = await createSpawnerWorld({ profiles: { default: web } });
    const userId = makeId<"user">();
    await world.homes.ensure(userId, soon());
    assert.ok((await world.homes.usage(userId, soon())).files > 0);
    await world.homes.remove(userId, soon());
    const { images } = await world.spawner.report(soon());
    assert.deepEqual(
      images.map((one) => [one.image, one.isThere]),
      [
        [world.image, true],
        [image, true],
      ],
    );
    const without = world.again({ image: "homeroom-no-such-image:1" }).spawner;
    await assert.rejects(without.check(soon()), { code: "image_missing" });
  });
});

/** The whole of an event stream; tells of each piece. */
function events(
  origin: string,
  path: string,
  cookie: string,
  onPiece: () => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(origin + path, { headers: { cookie }, agent: false }, (response) => {
      let text = "";
      response.on("data", (piece: Buffer) => {
        text += piece.toString();
        onPiece();
      });
      response.on("error", reject);
      response.on("end", () => resolve(text));
    });
    asked.on("error", reject);
    asked.end();
  });
}
