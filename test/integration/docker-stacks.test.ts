/** An image that starts as those of Jupyter's docker-stacks do, in the place of Homeroom's own. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type DockerRun, createDockerRun, docker as cli } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { Kernel } from "#test/support/kernel.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { buildOtherImage } from "#test/support/other-images.ts";
import { type TestHub, addPerson, createTestHub, signInFirst } from "#test/support/test-hub.ts";

const BASE = "/jupyterhub/";
const NOTEBOOK = `${BASE}user/maria/`;
const API = `${BASE}hub/api/users/maria`;

describe("an image of docker-stacks' kind", { timeout: 400_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let maria: HttpClient;
  let headers: Record<string, string>;
  let container = "";

  before(async () => {
    docker = await createDockerRun();
    const base = await notebookImage();
    const id = await cli("image", "inspect", "--format", "{{.Id}}", base);
    const options = ["--build-arg", `BASE=${base}`, "--build-arg", `BASE_ID=${id}`];
    const image = await buildOtherImage("stacks", options);
    const config = { basePath: BASE, spawner: { image, pool: docker.pool } };
    box = await createTestHub({ config, secrets: docker.secrets });
    const owner = await box.setUp();
    const person = { displayName: "María López", username: "maria" };
    const password = await addPerson(owner, BASE, person);
    maria = box.client();
    await signInFirst(maria, BASE, "maria", password, "my own words");
    await maria.get(`${BASE}hub/home`);
    headers = { "x-xsrftoken": maria.cookie("_xsrf", API) ?? "" };
    let answer = await maria.ask(`${API}/server`, { method: "POST", json: {}, headers });
    while (answer.status === 202) {
      answer = await maria.ask(`${API}/server`, { method: "POST", json: {}, headers });
    }
    assert.ok(answer.status === 201 || answer.text.includes("already running"), answer.text);
    [container = ""] = await docker.containers();
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  it("shows Lab below the person's own address", async () => {
    const page = await maria.get(`${BASE}hub/spawn`, { follow: true });
    assert.deepEqual([page.url, page.status], [`${NOTEBOOK}lab`, 200]);
    assert.match(page.text, /jupyter-config-data/);
  });

  it("runs plain Jupyter, as user 1000 without any right, in its own home", async () => {
    const log = await cli("logs", container);
    assert.match(log, /Executing: jupyter lab --ServerApp\.base_url=\/jupyterhub\/user\/maria\/ /);
    const look = "id -u; grep CapEff /proc/self/status; stat -c %u:%g ~; ls; touch ~/mine /usr/x";
    const seen = await cli("exec", container, "sh", "-c", `${look} 2>&1 || true`);
    assert.match(seen, /^1000\nCapEff:\t0+\n1000:100\nwork\ntouch: .*Read-only file system$/);
    // The image's own check, which always fails, is not asked.
    assert.equal(await cli("inspect", "--format", "{{.State.Health}}", container), "<nil>");
  });

  it("runs a kernel for a client with a token, with what its hooks have set", async () => {
    const made = await maria.ask(`${API}/tokens`, { method: "POST", json: {}, headers });
    const { token } = JSON.parse(made.text) as { token: string };
    const authorization = `token ${token}`;
    const script = box.client();
    const asked = { method: "POST", json: {}, headers: { authorization } };
    const started = await script.ask(`${NOTEBOOK}api/kernels`, asked);
    assert.equal(started.status, 201, started.text);
    const { id } = JSON.parse(started.text) as { id: string };
    const address = `${box.origin.replace("http", "ws")}${NOTEBOOK}api/kernels/${id}/channels`;
    using kernel = await Kernel.open(address, token);
    const { text } = await kernel.run("import os; print(6 * 7, os.environ['FROM_HOOK'])");
    assert.equal(text, "42 yes\n");
  });

  it("keeps its files, and starts again with them", async () => {
    const file = { type: "file", format: "text", content: "kept" };
    const path = `${NOTEBOOK}api/contents/work/a.txt`;
    const xsrf = { "x-xsrftoken": maria.cookie("_xsrf", NOTEBOOK) ?? "" };
    const saved = await maria.ask(path, { method: "PUT", json: file, headers: xsrf });
    assert.equal(saved.status, 201, saved.text);
    let answer = await maria.ask(`${API}/server`, { method: "DELETE", headers });
    while (answer.status === 202) {
      answer = await maria.ask(`${API}/server`, { method: "DELETE", headers });
    }
    assert.equal(answer.status, 204);
    do {
      answer = await maria.ask(`${API}/server`, { method: "POST", json: {}, headers });
    } while (answer.status === 202);
    const kept = await maria.get(path);
    assert.equal((JSON.parse(kept.text) as { content: string }).content, "kept");
  });
});
