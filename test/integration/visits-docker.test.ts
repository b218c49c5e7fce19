/** A visit to a real JupyterLab: the page, a cell run with the visitor's cookies, and the end of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { Kernel } from "#test/support/kernel.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { type TestHub, createTestHub, signIn } from "#test/support/test-hub.ts";

const hub = "/jupyterhub/hub/";
const theirs = "/jupyterhub/user/tom/";
const PATIENCE_MS = 60_000;

describe("a visit to a real notebook", { timeout: 1_200_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let guest: HttpClient;

  before(async () => {
    docker = await createDockerRun();
    box = await createTestHub({
      config: {
        basePath: "/jupyterhub/",
        spawner: { image: await notebookImage(), pool: docker.pool, stopTimeoutSeconds: 5 },
      },
      secrets: docker.secrets,
      overrides: { spawnerLabels: docker.labels },
    });
    await box.setUp();
    const tom = { name: "tom", role: "teacher", password: "tom likes tea" };
    await box.command("POST", "accounts", tom);
    await box.command("POST", "accounts", { name: "kofi", password: "kofi likes tea" });
    await box.command("POST", "users/tom/server");
    guest = box.client();
    await signIn(guest, "/jupyterhub/", "kofi", "kofi likes tea");
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  it("runs cells there under the visitor's name, and ends with the share", async () => {
    for (let tries = 0; tries < 600; tries += 1) {
      const { text } = await box.command("GET", "users/tom/server");
      if ((JSON.parse(text) as { ready: boolean }).ready) break;
      await sleep(200);
    }
    const owner = box.client();
    await signIn(owner, "/jupyterhub/", "tom", "tom likes tea");
    await owner.get(`${hub}home`);
    assert.equal((await owner.post(`${hub}sharing/group`, { group: "Class" })).status, 302);

    await guest.get(`${hub}visit/tom`);
    await guest.post(`${hub}visit/tom`);
    const lab = await guest.get(`${theirs}lab`);
    assert.equal(lab.status, 200, lab.text.slice(0, 300));
    const xsrf = guest.cookie("_xsrf", theirs) ?? assert.fail("no form token of this notebook");
    const headers = { "x-xsrftoken": xsrf };
    const me = await guest.get(`${theirs}api/me`, { headers });
    const { identity } = JSON.parse(me.text) as { identity: { username: string } };
    assert.equal(identity.username, "kofi");
    const made = await guest.ask(`${theirs}api/kernels`, { method: "POST", json: {}, headers });
    assert.equal(made.status, 201, made.text);
    const { id } = JSON.parse(made.text) as { id: string };
    const place = `${theirs}api/kernels/${id}/channels`;
    const socket = guest.webSocket(place, { origin: box.origin });
    await once(socket, "open");
    using kernel = Kernel.over(socket);
    assert.equal((await kernel.run("print(6 * 7)")).text.trim(), "42");

    const page = await owner.get(`${hub}home`);
    const [, share = ""] = /sharing\/revoke".*?name="id" value="([^"]+)"/s.exec(page.text) ?? [];
    assert.equal((await owner.post(`${hub}sharing/revoke`, { id: share })).status, 302);
    assert.ok(await eventually(() => socket.readyState === socket.CLOSED, PATIENCE_MS));
    assert.equal((await guest.get(`${theirs}api/kernels`)).status, 403);
  });
});
