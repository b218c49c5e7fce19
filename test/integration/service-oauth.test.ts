/** A service with JupyterHub's own HubOAuth, unchanged, that people sign in to by this box. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createDockerRun, type DockerRun } from "#test/support/docker.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import { type Answer, HttpClient } from "#test/support/http-client.ts";
import { freePort } from "#test/support/hub-process.ts";
import { buildSingleuser } from "#test/support/singleuser-image.ts";
import {
  addPerson,
  createTestHub,
  signIn,
  signInFirst,
  type TestHub,
} from "#test/support/test-hub.ts";

const basePath = "/jupyterhub/";
const prefix = "/services/whoami/";
const python = "/opt/notebook/bin/python";
const program = join(import.meta.dirname, "../support/singleuser/whoami.py");

describe("a service with JupyterHub's HubOAuth", { timeout: 600_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let browser: HttpClient;
  let service: HttpClient;

  before(async () => {
    const image = await buildSingleuser();
    docker = await createDockerRun();
    const origin = `http://127.0.0.1:${await freePort()}`;
    const redirectUri = `${origin}${prefix}oauth_callback`;
    box = await createTestHub({
      config: { basePath, services: { whoami: { scopes: [], redirectUri } } },
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    const owner = await box.setUp();
    const about = { displayName: "María", username: "maria" };
    const password = await addPerson(owner, basePath, about);
    await signInFirst(box.client(), basePath, "maria", password, "my own words");
    const socketPath = join(box.dataDir, "control.sock");
    const console_ = new HttpClient("http://localhost", { socketPath });
    const told = await console_.get(`${basePath}hub/api/services/whoami/token`);
    const { token } = JSON.parse(told.text) as { token: string };
    const scopes = JSON.stringify(["access:services!service=whoami", "access:services"]);
    // As JupyterHub's documentation has an own-managed service given.
    const env = {
      PORT: new URL(origin).port,
      JUPYTERHUB_API_TOKEN: token,
      JUPYTERHUB_API_URL: `${box.origin}${basePath}hub/api`,
      JUPYTERHUB_BASE_URL: basePath,
      JUPYTERHUB_HOST: box.origin,
      JUPYTERHUB_SERVICE_NAME: "whoami",
      JUPYTERHUB_SERVICE_PREFIX: prefix,
      JUPYTERHUB_CLIENT_ID: "service-whoami",
      JUPYTERHUB_OAUTH_CALLBACK_URL: redirectUri,
      JUPYTERHUB_OAUTH_SCOPES: scopes,
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: scopes,
    };
    const given = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const where = ["--network", "host", "--volume", `${program}:/whoami.py:ro`];
    const started = ["run", "--detach", "--label", docker.label, ...where, ...given];
    await docker.cli(...started, image, python, "/whoami.py");
    service = new HttpClient(origin);
    browser = box.client();
    for (let tries = 0; tries < 480; tries += 1) {
      const answer = await service.get(prefix).catch(() => undefined);
      if (answer !== undefined) return;
      await sleep(250);
    }
    assert.fail("the service does not answer");
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  /** To the hub, whose page is agreed to there, and back. */
  async function signInAtService(): Promise<Answer> {
    const sent = new URL((await service.get(prefix)).headers.location ?? "");
    assert.equal(sent.origin, box.origin);
    const path = sent.pathname + sent.search;
    assert.equal((await browser.get(path)).status, 200);
    const back = new URL((await browser.post(path)).headers.location ?? "");
    assert.equal(back.origin, service.origin);
    return service.get(back.pathname + back.search);
  }

  it("is told who comes, when they agree", async () => {
    await signIn(browser, basePath, "maria", "my own words");
    const answer = await signInAtService();
    assert.equal(answer.headers.location, prefix);
    const page = await service.get(prefix);
    assert.equal(page.status, 200);
    const who = JSON.parse(page.text) as Record<string, unknown>;
    assert.equal(who["name"], "maria");
    assert.ok(JSON.stringify(who["scopes"]).includes("access:services!service=whoami"));
  });

  it("lets nobody in with a code of its own making", async () => {
    const stranger = new HttpClient(service.origin);
    const sent = new URL((await stranger.get(prefix)).headers.location ?? "");
    const state = sent.searchParams.get("state") ?? "";
    const answer = await stranger.get(`${prefix}oauth_callback?code=made-up&state=${state}`);
    assert.ok(answer.status >= 400, String(answer.status));
    assert.equal((await stranger.get(prefix)).status, 302);
  });
});
