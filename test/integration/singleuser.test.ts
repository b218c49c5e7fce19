/**
 * JupyterHub's own server, unchanged, in a container of ours: it finds the hub, and asks it who visits. With the hub
 * on the host and in a container of its own.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createDockerRun, type DockerRun } from "#test/support/docker.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import { HubInContainer } from "#test/support/hub-in-container.ts";
import { Kernel } from "#test/support/kernel.ts";
import { buildSingleuser } from "#test/support/singleuser-image.ts";
import { singleuserProfile } from "#test/support/singleuser-world.ts";
import { addPerson, createTestHub, signInFirst, type TestHub } from "#test/support/test-hub.ts";

/** What a cell sees of the hub: statuses by what was asked, and which ports are open where it is. */
const LOOK = `
import json, os, socket, urllib.error, urllib.parse, urllib.request
api, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
def ask(url, token=None):
    headers = {} if token is None else {"Authorization": "token " + token}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
host = urllib.parse.urlparse(api).hostname
def is_open(port):
    with socket.socket() as one:
        one.settimeout(30 if port == 8081 else 1)
        return one.connect_ex((host, port)) == 0
print(json.dumps({
    "version": ask(api), "nobody": ask(api + "/user"), "itself": ask(api + "/user", token),
    "users": ask(api + "/users", token), "login": ask(api[:-3] + "login"),
    "ports": [port for port in (22, 80, 2375, 8000, 8001, 8080, 8081, 8888) if is_open(port)],
}))
`;

interface Look {
  readonly version: number;
  readonly nobody: number;
  readonly itself: number;
  readonly users: number;
  readonly login: number;
  readonly ports: readonly number[];
}

class Classroom {
  readonly basePath: string;
  readonly origin: () => string;
  readonly #owner: HttpClient;

  constructor(basePath: string, origin: () => string, owner: HttpClient) {
    this.basePath = basePath;
    this.origin = origin;
    this.#owner = owner;
  }

  async person(name: string): Promise<HttpClient> {
    const { basePath } = this;
    const about = { displayName: name.toUpperCase(), username: name };
    const password = await addPerson(this.#owner, basePath, about);
    const client = this.#owner.tab();
    client.forget("jupyterhub-hub-login");
    client.forget("jupyterhub-session-id");
    client.forget("_xsrf");
    await signInFirst(client, basePath, name, password, "my own words");
    return client;
  }

  /** As a browser: by all redirects, and through the page that waits. */
  async open(client: HttpClient): Promise<Answer> {
    for (let tries = 0; tries < 240; tries += 1) {
      const answer = await client.get(`${this.basePath}hub/spawn`, { follow: true });
      if (!answer.url.startsWith(`${this.basePath}hub/spawn-pending/`)) return answer;
      await sleep(500);
    }
    throw new Error("it did not come up");
  }

  /** An API token of theirs; the answer ends it. */
  async token(
    client: HttpClient,
    name: string,
  ): Promise<{ token: string; revoke(): Promise<void> }> {
    const path = `${this.basePath}hub/api/users/${name}/tokens`;
    const headers = { "x-xsrftoken": client.cookie("_xsrf", path) ?? "" };
    const made = await client.ask(path, { method: "POST", json: {}, headers });
    const { token, id } = JSON.parse(made.text) as { token: string; id: string };
    return {
      token,
      async revoke() {
        const gone = await client.ask(`${path}/${id}`, { method: "DELETE", headers });
        assert.equal(gone.status, 204);
      },
    };
  }

  /** Runs a cell by token, as programs do. */
  async run(token: string, name: string, code: string): Promise<string> {
    const server = `${this.origin()}${this.basePath}user/${name}/`;
    const headers = { authorization: `token ${token}` };
    const made = await fetch(`${server}api/kernels`, { method: "POST", headers, body: "{}" });
    assert.equal(made.status, 201);
    const { id } = (await made.json()) as { id: string };
    using kernel = await Kernel.open(
      `${server.replace("http", "ws")}api/kernels/${id}/channels`,
      token,
    );
    return (await kernel.run(code)).text;
  }

  async look(token: string, name: string): Promise<Look> {
    return JSON.parse(await this.run(token, name, LOOK)) as Look; // As the cell prints it.
  }
}

const CLOSED: Look = {
  version: 200,
  nobody: 403,
  itself: 200,
  users: 404,
  login: 404,
  ports: [8081],
};

describe("a stock image of kind singleuser, the hub on the host", { timeout: 1_200_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let classroom: Classroom;
  let maria: HttpClient;
  const basePath = "/jupyterhub/";
  const server = `${basePath}user/maria/`;

  before(async () => {
    docker = await createDockerRun();
    const profile = singleuserProfile(await buildSingleuser());
    box = await createTestHub({
      config: { basePath, spawner: { pool: docker.pool, profiles: { default: profile } } },
      secrets: docker.secrets,
    });
    classroom = new Classroom(basePath, () => box.origin, await box.setUp());
    maria = await classroom.person("maria");
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  it("starts once, and leads a browser to Lab by way of the hub", async () => {
    const lab = await classroom.open(maria);
    assert.equal(lab.status, 200);
    assert.equal(lab.url.split("?")[0], `${server}lab`);
    assert.match(lab.text, /JupyterLab/);
    assert.ok(lab.redirects <= 5, `${lab.redirects} redirects`);
    const generation = '{{index .Config.Labels "homeroom.generation"}}';
    const [container = ""] = await docker.containers();
    assert.equal(await docker.cli("inspect", "--format", generation, container), "1");
  });

  it("knows who visits", async () => {
    const { identity } = JSON.parse((await maria.get(`${server}api/me`)).text) as {
      identity: { username: string };
    };
    assert.equal(identity.username, "maria");
  });

  it("takes a change from a page of its own alone, and runs its cells", async () => {
    const path = `${server}api/kernels`;
    assert.equal((await maria.ask(path, { method: "POST", json: {} })).status, 403);
    const headers = { "x-xsrftoken": maria.cookie("_xsrf", path) ?? "" };
    const made = await maria.ask(path, { method: "POST", json: {}, headers });
    assert.equal(made.status, 201);
    const { id } = JSON.parse(made.text) as { id: string };
    const socket = maria.webSocket(`${path}/${id}/channels`, { origin: box.origin });
    await once(socket, "open");
    using kernel = Kernel.over(socket);
    assert.equal((await kernel.run("print(6 * 7)")).text, "42\n");
  });

  it("runs a cell for a program with a token, until the token is revoked", async () => {
    const made = await classroom.token(maria, "maria");
    const { token } = made;
    assert.equal(await classroom.run(token, "maria", "print(6 * 7)"), "42\n");
    const status = () =>
      box.client().get(`${server}api/status`, { headers: { authorization: `token ${token}` } });
    assert.equal((await status()).status, 200);
    await made.revoke();
    assert.equal((await status()).status, 403);
  });

  it("is told of the hub's token API alone", async () => {
    const { token } = await classroom.token(maria, "maria");
    const { ports, ...statuses } = await classroom.look(token, "maria");
    const { ports: _, ...expected } = CLOSED;
    // What else is open on this machine is not the hub's: notebooks reach it only when the hub runs there.
    assert.deepEqual(statuses, expected);
    assert.ok(ports.includes(8081));
  });

  it("has its own token for nothing at the hub's port", async () => {
    const { token } = await classroom.token(maria, "maria");
    const code = 'import os; print(os.environ["JUPYTERHUB_API_TOKEN"])';
    const own = (await classroom.run(token, "maria", code)).trim();
    assert.match(own, /^[0-9a-f]{32}$/);
    const headers = { authorization: `token ${own}` };
    const program = box.client();
    for (const path of [`${basePath}hub/api/user`, `${server}api/status`]) {
      assert.equal((await program.get(path, { headers })).status, 403, path);
    }
  });

  it("lets nobody else in", async () => {
    const jose = await classroom.person("jose");
    assert.equal((await jose.get(`${server}lab`)).status, 404);
    const query = `client_id=jupyterhub-user-maria&response_type=code&redirect_uri=${server}oauth_callback`;
    const answer = await jose.get(`${basePath}hub/api/oauth2/authorize?${query}`);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.location, undefined);
  });

  it("shuts out whoever signs out, with the cookies still there", async () => {
    const other = await signedIn(box, basePath);
    assert.equal((await classroom.open(other)).status, 200);
    const cookies = other.cookieHeader(`${server}lab`);
    await other.get(`${basePath}hub/logout`);
    await other.post(`${basePath}hub/logout`);
    const late = await box.client().get(`${server}api/status`, { headers: { cookie: cookies } });
    assert.equal(late.status, 403);
    assert.equal((await maria.get(`${server}api/status`)).status, 200);
  });
});

async function signedIn(box: TestHub, basePath: string): Promise<HttpClient> {
  const client = box.client();
  await client.get(`${basePath}hub/login`);
  await client.post(`${basePath}hub/login`, { username: "maria", password: "my own words" });
  return client;
}

describe("a stock image of kind singleuser, the hub in a container", { timeout: 1_200_000 }, () => {
  let docker: DockerRun;
  let hub: HubInContainer;
  let classroom: Classroom;
  let maria: HttpClient;
  let token: string;

  before(async () => {
    docker = await createDockerRun();
    const profiles = { default: singleuserProfile(await buildSingleuser()) };
    hub = await HubInContainer.start(docker, { spawner: { pool: docker.pool, profiles } });
    classroom = new Classroom("/", () => hub.origin, await hub.setUp());
    maria = await classroom.person("maria");
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  it("leads a browser to Lab", async () => {
    const lab = await classroom.open(maria);
    assert.equal(lab.status, 200);
    assert.equal(lab.url.split("?")[0], "/user/maria/lab");
    ({ token } = await classroom.token(maria, "maria"));
  });

  it("reaches the token API in its network, and no other port of the hub", async () => {
    assert.deepEqual(await classroom.look(token, "maria"), CLOSED);
  });

  it("finds the hub again after its restart, and asks nobody to sign in", async () => {
    await hub.restart();
    const again = new Tab(hub, maria);
    assert.equal((await again.get("/user/maria/api/status")).status, 200);
    assert.deepEqual(await classroom.look(token, "maria"), CLOSED);
  });

  it("finds a hub that was made anew", async () => {
    await hub.down();
    await hub.up();
    const again = new Tab(hub, maria);
    assert.equal((await again.get("/user/maria/api/status")).status, 200);
    assert.deepEqual(await classroom.look(token, "maria"), CLOSED);
  });
});

/** The same browser at a hub whose address may be another one. */
class Tab {
  readonly #hub: HubInContainer;
  readonly #before: HttpClient;

  constructor(hub: HubInContainer, before: HttpClient) {
    this.#hub = hub;
    this.#before = before;
  }

  get(path: string): Promise<Answer> {
    const headers = { cookie: this.#before.cookieHeader(path) };
    return this.#hub.client().get(path, { headers });
  }
}
