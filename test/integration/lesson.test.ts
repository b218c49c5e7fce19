/** The story of a lesson as clients see it, with a real engine and a small stand-in for JupyterLab. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import type WebSocket from "ws";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import {
  type TestHub,
  addPerson,
  createTestHub,
  firstPasswordOn,
  signIn,
  signInFirst,
} from "#test/support/test-hub.ts";

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`a lesson at ${basePath}`, { timeout: 900_000 }, () => {
    let docker: DockerRun;
    let box: TestHub;
    let owner: HttpClient;
    let maria: HttpClient;
    let socket: WebSocket;
    const hub = `${basePath}hub/`;
    const notebook = `${basePath}user/maria/`;

    before(async () => {
      docker = await createDockerRun();
      const image = await buildStubNotebook();
      box = await createTestHub({
        config: { basePath, spawner: { image, pool: docker.pool } },
        secrets: docker.secrets,
      });
    });
    after(async () => {
      await box?.[Symbol.asyncDispose]();
      await docker?.[Symbol.asyncDispose]();
    });

    it("leads a new box to its set-up and makes the owner with the printed code", async () => {
      const visitor = box.client();
      const first = await visitor.get(basePath, { follow: true });
      assert.equal(first.url, `${hub}setup`);
      owner = await box.setUp();
      const page = await owner.get(`${hub}admin`);
      assert.equal(page.status, 200);
      const again = await visitor.get(`${hub}setup`);
      assert.equal(again.headers.location, `${hub}login`);
    });

    it("adds María and shows her first password once", async () => {
      const password = await addPerson(owner, basePath, {
        displayName: "María López",
        username: "maria",
      });
      maria = box.client();
      await signInFirst(maria, basePath, " MARÍA ", password, "my own words");
      const used = await signIn(box.client(), basePath, "maria", password);
      assert.equal(used.status, 403);
    });

    it("opens her notebook with few redirects and shows the way there", async () => {
      const home = await maria.get(`${hub}home`);
      assert.equal(home.status, 200);
      assert.match(home.text, /María López/);
      let answer = await maria.get(`${hub}spawn`, { follow: true });
      for (let tries = 0; answer.url !== `${notebook}lab` && tries < 480; tries += 1) {
        assert.equal(answer.url, `${hub}spawn-pending/maria`);
        assert.equal(answer.status, 200);
        await new Promise((resolve) => setTimeout(resolve, 250));
        answer = await maria.get(`${hub}spawn`, { follow: true });
      }
      assert.equal(answer.url, `${notebook}lab`);
      assert.equal(answer.status, 200);
      assert.ok(answer.redirects <= 2, `${answer.redirects} redirects`);
    });

    it("lets her post with the token of her server's path alone", async () => {
      const path = `${notebook}api/kernels`;
      const refused = await maria.ask(path, { method: "POST", json: {} });
      assert.equal(refused.status, 403);
      const xsrf = maria.cookie("_xsrf", notebook) ?? "";
      const made = await maria.ask(path, {
        method: "POST",
        json: {},
        headers: { "x-xsrftoken": xsrf },
      });
      assert.equal(made.status, 201);
    });

    it("opens the kernel's socket from the own page and from no other", async () => {
      const path = `${notebook}api/kernels/x/channels`;
      const foreign = maria.webSocket(path, { origin: "http://evil.example" });
      assert.equal(await refusalOf(foreign), 403);
      socket = maria.webSocket(path, { origin: box.origin });
      await once(socket, "open");
      socket.send("2**100");
      const [echo] = (await once(socket, "message")) as [Buffer];
      assert.equal(echo.toString(), "2**100");
    });

    it("opens it to a script that has no Origin but the token of that path", async () => {
      const path = `${notebook}api/kernels/x/channels`;
      const xsrf = maria.cookie("_xsrf", notebook) ?? "";
      const script = maria.webSocket(path, { "x-xsrftoken": xsrf });
      await once(script, "open");
      script.terminate();
      const mute = maria.webSocket(path);
      assert.equal(await refusalOf(mute), 403);
    });

    it("keeps hub credentials from the container and tells it who asks", async () => {
      const seen = JSON.parse((await maria.get(`${notebook}echo`)).text) as {
        headers: Record<string, string>;
      };
      assert.doesNotMatch(
        JSON.stringify(seen.headers),
        /jupyterhub-session-id|jupyterhub-hub-login/,
      );
      assert.equal(seen.headers["x-homeroom-user"], "maria");
      assert.equal(
        decodeURIComponent(seen.headers["x-homeroom-display-name"] ?? ""),
        "María López",
      );
    });

    it("shows her server to nobody else", async () => {
      const password = await addPerson(owner, basePath, { displayName: "Jose", username: "jose" });
      const jose = box.client();
      await signInFirst(jose, basePath, "jose", password, "jose has words");
      assert.equal((await jose.get(`${notebook}lab`)).status, 404);
      assert.equal((await jose.get(`${basePath}user/nobody/lab`)).status, 404);
      assert.equal((await box.client().get(`${notebook}lab`)).status, 302);
      assert.equal((await box.client().get(`${notebook}api/status`)).status, 403);
    });

    it("resets her password: sessions and sockets end, the notebook does not", async () => {
      const before = await docker.containers();
      const closed = once(socket, "close");
      await owner.get(`${hub}admin`);
      const answer = await owner.post(`${hub}admin/people/maria/reset`, {}, { follow: true });
      const password = firstPasswordOn(answer.text);
      await closed;
      assert.equal((await maria.get(`${notebook}api/status`)).status, 403);
      assert.equal((await maria.get(`${hub}home`)).status, 302);
      assert.equal((await signIn(box.client(), basePath, "maria", "my own words")).status, 403);
      maria = box.client();
      await signInFirst(maria, basePath, "maria", password, "new own words");
      assert.equal((await maria.get(`${notebook}api/status`)).status, 200);
      assert.deepEqual(await docker.containers(), before);
      const gone = await owner.get(answer.url);
      assert.ok(!gone.text.includes(password));
    });

    it("says that a stopped notebook is asleep, to pages and to clients, and opens it again", async () => {
      await owner.get(`${hub}admin`);
      const stopped = await owner.post(`${hub}stop/maria`);
      assert.equal(stopped.status, 302);
      const page = await maria.get(`${notebook}lab/tree/work.ipynb?a=1`, {
        headers: { accept: "text/html" },
      });
      assert.equal(page.status, 424);
      const next = encodeURIComponent(`${notebook}lab/tree/work.ipynb?a=1`);
      assert.ok(page.text.includes(`${hub}spawn`), page.text);
      assert.ok(page.text.includes(next), page.text);
      const client = await maria.get(`${notebook}api/kernels`);
      assert.equal(client.status, 424);
      assert.match(
        (JSON.parse(client.text) as { message: string }).message,
        /^JupyterHub server no longer running at \/user\/maria\/api\/kernels\. Restart the server at http/,
      );
      assert.deepEqual(await docker.containers(), []);
    });

    it("signs out by a form, not by a link", async () => {
      const page = await maria.get(`${hub}logout`);
      assert.equal(page.status, 200);
      assert.equal((await maria.get(`${hub}home`)).status, 200);
      const out = await maria.post(`${hub}logout`);
      assert.equal(out.status, 302);
      assert.equal((await maria.get(`${hub}home`)).status, 302);
    });
  });
}

/** The status with which an upgrade is refused. */
async function refusalOf(socket: WebSocket): Promise<number> {
  const [, response] = (await once(socket, "unexpected-response")) as [
    unknown,
    { readonly statusCode: number },
  ];
  socket.on("error", () => {});
  socket.terminate();
  return response.statusCode;
}
