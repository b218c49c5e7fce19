/**
 * Programs that were made for JupyterHub, as they come from PyPI and npm and with nothing changed, against a hub
 * with the real engine and the real notebook image.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { systemTimers } from "#src/timers.ts";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import { HttpClient } from "#test/support/http-client.ts";
import { Kernel } from "#test/support/kernel.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { buildOtherImage } from "#test/support/other-images.ts";
import { type TestHub, createTestHub } from "#test/support/test-hub.ts";

const execute = promisify(execFile);
const basePath = "/jupyterhub/";
const api = `${basePath}hub/api/`;
const PASSWORD = "sam has many words";

interface ServerModel {
  readonly ready: boolean;
  readonly last_activity: string;
}

describe("programs made for JupyterHub", { timeout: 580_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let console_: HttpClient;
  let clients: string;
  /** As `{hub}` of the clients' own documentation. */
  let hub: string;
  let sam: string;

  before(async () => {
    clients = await buildOtherImage("clients");
    docker = await createDockerRun();
    const services = {
      culler: {
        scopes: ["list:users", "read:users:activity", "read:servers", "delete:servers"],
      },
      viewer: { scopes: ["list:services"] },
    };
    box = await createTestHub({
      config: { basePath, spawner: { image: await notebookImage(), pool: docker.pool }, services },
      secrets: docker.secrets,
      overrides: {
        // Notebooks are asked every few minutes what they do; here all the time.
        work: { timers: { after: (ms, then) => systemTimers.after(Math.min(ms, 500), then) } },
      },
    });
    await box.setUp();
    const socketPath = join(box.dataDir, "control.sock");
    console_ = new HttpClient("http://localhost", { socketPath });
    await post("accounts", { name: "sam", role: "student", password: PASSWORD });
    sam = await tokenOf("sam");
    hub = `${box.origin}${basePath}`.slice(0, -1);
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  async function post(path: string, json: unknown): Promise<unknown> {
    const answer = await console_.ask(api + path, { method: "POST", json });
    assert.equal(answer.status, 201, answer.text);
    return JSON.parse(answer.text);
  }

  async function tokenOf(name: string): Promise<string> {
    return ((await post(`users/${name}/tokens`, {})) as { token: string }).token;
  }

  async function serviceToken(name: string): Promise<string> {
    const { text } = await console_.ask(`${api}services/${name}/token`);
    return (JSON.parse(text) as { token: string }).token;
  }

  /** Runs one of the image's programs to its end; gives back what it prints. */
  async function run(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<string> {
    const { stdout, stderr } = await execute("docker", argumentsOf(command, environment), {
      timeout: 240_000,
    });
    return stdout + stderr;
  }

  function argumentsOf(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): readonly string[] {
    const all = { HUB: hub, SERVER: `${hub}/user/sam`, TOKEN: sam, ...environment };
    const env = Object.entries(all).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const place = ["--rm", "--init", "--network", "host", "--label", docker.label];
    return ["run", ...place, ...env, clients, ...command];
  }

  async function serversOf(name: string): Promise<Readonly<Record<string, ServerModel>>> {
    const { text } = await console_.ask(`${api}users/${name}`);
    return (JSON.parse(text) as { servers: Record<string, ServerModel> }).servers;
  }

  async function start(name: string): Promise<void> {
    const answer = await console_.ask(`${api}users/${name}/server`, { method: "POST", json: {} });
    assert.ok([201, 202, 400].includes(answer.status), answer.text);
    for (let tries = 0; tries < 600; tries += 1) {
      if ((await serversOf(name))[""]?.ready === true) return;
      await sleep(100);
    }
    assert.fail("it does not start");
  }

  /** Whoever asked for it need not have waited for its end. */
  async function stopped(name: string): Promise<void> {
    for (let tries = 0; "" in (await serversOf(name)); tries += 1) {
      assert.ok(tries < 900, "it still runs");
      await sleep(100);
    }
  }

  it("jhub-client runs a notebook and compares what it prints", async () => {
    const environment = { JUPYTERHUB_API_TOKEN: sam };
    const notebook = ["run", "--notebook", "lesson.ipynb", "--hub", hub];
    const said = await run(["jhubctl", ...notebook, "--validate", "--stop-server"], environment);
    assert.match(said, /created server for username=sam/);
    assert.match(said, /deleted server for username=sam/);
    await stopped("sam");
  });

  it("jhub-client makes somebody, runs a notebook as them and removes them again", async () => {
    const environment = { JUPYTERHUB_API_TOKEN: await tokenOf("ada") };
    const code = [
      "import asyncio, os",
      "from jhub_client.execute import execute_code",
      "cells = [('print(6 * 7)', '42')]",
      "options = dict(username='robot', create_user=True, delete_user=True, validate=True)",
      "print(asyncio.run(execute_code(os.environ['HUB'], cells, **options)))",
    ].join("\n");
    const said = await run(["python", "-c", code], environment);
    assert.match(said, /\('print\(6 \* 7\)', '42\\n'\)/);
    assert.equal((await console_.ask(`${api}users/robot`)).status, 404);
  });

  it("a script starts a server, follows its progress, asks it and stops it", async () => {
    const said = await run(["python", "start_stop.py"], { NAME: "sam" });
    assert.match(said, /^100 Server ready at \/jupyterhub\/user\/sam\/$/m);
    assert.match(said, /^status 200 .*'last_activity'/m);
    assert.match(said, /^stopped 424$/m);
  });

  it("kernel and file clients work with a token", async () => {
    await start("sam");
    assert.equal((await run(["python", "kernel.py"], {})).trim(), "ok 42");
    const said = await run(["python", "files.py"], {});
    assert.deepEqual(said.trim().split("\n").slice(-3), ["identity sam", "made True", "kernels 0"]);
  });

  it("JupyterLab's own library works outside a browser, by its defaults", async () => {
    await start("sam");
    const said = await run(["node", "lab-services.mjs"], { SERVER: `${hub}/user/sam/` });
    for (const line of ["kernels python3", "printed 42", "reply ok", "made notebook"]) {
      assert.ok(said.split("\n").includes(line), said);
    }
  });

  it("a service learns who comes by the library of JupyterHub's services", async () => {
    const environment = { TOKEN: await serviceToken("viewer"), VISITOR: sam };
    const said = await run(["python", "service.py"], environment);
    assert.match(said, /^visitor user sam False$/m);
    assert.match(said, /^nobody None$/m);
  });

  it("takes the requests of VS Code's extension, in its order", async () => {
    await console_.ask(`${api}users/sam/server`, { method: "DELETE" });
    await stopped("sam");
    // The address as people paste it; what is in front of `/user/` is tried as the hub's.
    const pasted = `${hub}/user/sam/lab`;
    assert.notEqual((await fetch(`${pasted}/hub/api`, { redirect: "manual" })).status, 200);
    const version = await fetch(`${pasted.slice(0, pasted.indexOf("/user/"))}/hub/api`);
    assert.match(((await version.json()) as { version: string }).version, /^5\./);

    // A password might be a token. Bodies go out as text/plain.
    const asToken = { headers: { authorization: `token ${PASSWORD}` } };
    assert.equal((await fetch(`${hub}/hub/api/user`, asToken)).status, 403);
    const body = JSON.stringify({ auth: { username: "sam", password: PASSWORD }, note: "editor" });
    const made = await fetch(`${hub}/hub/api/users/sam/tokens`, { method: "POST", body });
    assert.equal(made.status, 201);
    const { token, id } = (await made.json()) as { token: string; id: string };
    const headers = { authorization: `token ${token}` };
    const self = (await (await fetch(`${hub}/hub/api/user`, { headers })).json()) as object;
    assert.partialDeepStrictEqual(self, { kind: "user", name: "sam" });

    const user = `${hub}/hub/api/users/sam`;
    const started = await fetch(`${user}/server`, { method: "POST", headers });
    assert.ok(started.status === 201 || started.status === 202, String(started.status));
    let url = "";
    for (let tries = 0; url === "" && tries < 900; tries += 1) {
      const answer = await fetch(`${user}?include_stopped_servers`, { headers });
      const { servers } = (await answer.json()) as {
        servers: Record<string, { ready: boolean; url: string }>;
      };
      if (servers[""]?.ready === true) url = new URL(servers[""].url, `${hub}/`).href;
      else await sleep(100);
    }
    assert.equal(url, `${hub}/user/sam/`);

    const specs = await fetch(`${url}api/kernelspecs?${Date.now()}`, { headers });
    assert.equal(((await specs.json()) as { default: string }).default, "python3");
    const kernel = await fetch(`${url}api/kernels`, { method: "POST", headers, body: "{}" });
    assert.equal(kernel.status, 201);
    const kernelId = ((await kernel.json()) as { id: string }).id;
    const socket = `${url}api/kernels/${kernelId}/channels?session_id=editor&token=${token}`;
    using open = await Kernel.open(socket.replace("http", "ws"), token);
    assert.equal((await open.run("print(6 * 7)")).text, "42\n");

    const gone = await fetch(`${user}/tokens/${id}`, { method: "DELETE", headers });
    assert.equal(gone.status, 204);
    assert.equal((await fetch(`${hub}/hub/api/user`, { headers })).status, 403);
  });

  it("the idle culler is told of a cell that runs without a tab", async () => {
    await start("sam");
    const headers = { authorization: `token ${sam}` };
    const kernels = `${hub}/user/sam/api/kernels`;
    const { id } = (await (await fetch(kernels, { method: "POST", headers })).json()) as {
      id: string;
    };
    {
      using open = await Kernel.open(`${kernels.replace("http", "ws")}/${id}/channels`, sam);
      await open.run("import time");
      open.send("time.sleep(500)");
      const isBusy = async (): Promise<boolean> => {
        const model = await (await fetch(`${kernels}/${id}`, { headers })).json();
        return (model as { execution_state: string }).execution_state === "busy";
      };
      while (!(await isBusy())) await sleep(100);
    }
    // From here on nothing comes through the hub.
    const left = Date.now();
    const lastSeen = async (): Promise<number> =>
      Date.parse((await serversOf("sam"))[""]?.last_activity ?? "");
    for (let tries = 0; (await lastSeen()) < left + 3000; tries += 1) {
      assert.ok(tries < 600, "its work is not seen");
      await sleep(100);
    }
    await fetch(`${kernels}/${id}`, { method: "DELETE", headers });
  });

  it("the idle culler stops who has done nothing", async () => {
    await start("sam");
    const environment = { JUPYTERHUB_API_TOKEN: await serviceToken("culler") };
    const options = [`--url=${hub}/hub/api`, "--timeout=1", "--cull-every=1"];
    const command = ["timeout", "200", "jupyterhub-idle-culler", ...options];
    const running = run(command, environment).catch((error: unknown) => error);
    await stopped("sam");
    const left = await docker.cli("ps", "--all", "--quiet", "--filter", `label=${docker.label}`);
    // It may just have ended by itself.
    const ids = left.split("\n").filter((id) => id !== "");
    if (ids.length > 0) await docker.cli("rm", "--force", ...ids).catch(() => undefined);
    await running;
  });
});
