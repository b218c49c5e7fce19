/** Two Homerooms on one engine: each starts, finds, sweeps and stops its own, whatever the other does meanwhile. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { makeId } from "#src/stores/ids.ts";
import { type Appliance, startAppliance } from "#test/support/appliance.ts";
import { docker } from "#test/support/docker.ts";
import { HttpClient } from "#test/support/http-client.ts";
import { ProcessBox } from "#test/support/process-box.ts";

/** For what comes soon unless the machine is busy. */
const PATIENCE_MS = 180_000;
/** The same people in both: names must not be what tells them apart. */
const NAMES = ["maria", "jose"] as const;

interface Installation {
  readonly box: ProcessBox;
  readonly people: Map<string, HttpClient>;
}

async function install(): Promise<Installation> {
  const box = await ProcessBox.start();
  const people = new Map<string, HttpClient>();
  for (const name of NAMES) people.set(name, await box.addPerson(name));
  return { box, people };
}

async function open({ box, people }: Installation, name: string): Promise<HttpClient> {
  const client = people.get(name) ?? assert.fail(name);
  await box.openNotebook(client, name);
  return client;
}

async function stop({ people }: Installation, name: string): Promise<void> {
  const client = people.get(name) ?? assert.fail(name);
  await client.get("/hub/home");
  assert.equal((await client.post(`/hub/stop/${name}`)).status, 302);
}

/** The networks of an installation's containers, as Docker numbers them. */
async function subnets({ box }: Installation): Promise<string[]> {
  const names = (await box.objects()).filter((line) => line.startsWith("network "));
  const format = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
  const found = names.map((line) =>
    docker("network", "inspect", "--format", format, line.replace("network ", "")),
  );
  return Promise.all(found);
}

async function connected(client: HttpClient, box: ProcessBox): Promise<WebSocket> {
  const socket = client.webSocket("/user/maria/api/kernels/x/channels", { origin: box.hub.origin });
  await once(socket, "open");
  return socket;
}

describe("two Homerooms on one engine", { timeout: 1_800_000 }, () => {
  let left: Installation;
  let right: Installation;
  /** Of the one that only watches: its objects and an open WebSocket. */
  let untouched: { readonly objects: string[]; readonly containers: string[] };
  let socket: WebSocket;

  before(async () => {
    left = await install();
    right = await install();
  });
  after(async () => {
    socket?.terminate();
    await left?.box[Symbol.asyncDispose]();
    await right?.box[Symbol.asyncDispose]();
  });

  async function assertUntouched(): Promise<void> {
    assert.deepEqual(await right.box.lasting(), untouched.objects);
    assert.deepEqual(await right.box.containers(), untouched.containers);
    assert.equal(socket.readyState, WebSocket.OPEN);
    const maria = right.people.get("maria");
    assert.equal((await maria?.get("/user/maria/api/status"))?.status, 200);
  }

  it("open notebooks for people of the same name, apart in every name, label and network", async () => {
    await Promise.all([left, right].flatMap((one) => NAMES.map((name) => open(one, name))));
    for (const one of [left, right]) {
      const { instanceId } = one.box.docker.secrets;
      const objects = await one.box.lasting();
      const own = new RegExp(`^(container|network|volume) hr-${instanceId}-`);
      assert.ok(
        objects.every((name) => own.test(name)),
        objects.join("\n"),
      );
      // A container, a network and a home for each person, and the hub's mark.
      assert.equal(objects.length, 3 * NAMES.length + 1, objects.join("\n"));
    }
    const used = [...(await subnets(left)), ...(await subnets(right))];
    assert.equal(new Set(used).size, 2 * NAMES.length, used.join());
    socket = await connected(await open(right, "maria"), right.box);
    untouched = { objects: await right.box.lasting(), containers: await right.box.containers() };
  });

  it("do not stop, start or restart each other's", async () => {
    for (const round of [1, 2]) {
      for (const name of NAMES) await stop(left, name);
      assert.deepEqual(await left.box.containers(), [], `round ${round}`);
      await assertUntouched();
      await Promise.all(NAMES.map((name) => open(left, name)));
      await assertUntouched();
    }
  });

  it("find their own again after kill -9, and sweep nothing of the other", async () => {
    for (const delayMs of [0, 60, 140, 260, 400]) {
      await stop(left, "maria");
      const asked = left.people
        .get("maria")
        ?.get("/hub/spawn")
        .catch(() => undefined);
      await sleep(delayMs);
      await left.box.restart("SIGKILL");
      await asked;
      await assertUntouched();
    }
    await Promise.all(NAMES.map((name) => open(left, name)));
    assert.equal((await left.box.containers()).length, NAMES.length);
    await assertUntouched();
  });

  it("leave each other's left-over networks and throw-away containers alone, and remove their own", async () => {
    const { instanceId } = right.box.docker.secrets;
    const label = ["--label", `homeroom.instance=${instanceId}`];
    const net = `hr-${instanceId}-net-${makeId()}`;
    const server = ["--label", "homeroom.kind=net", "--label", `homeroom.server=${makeId()}`];
    await docker("network", "create", "--internal", ...label, ...server, net);
    const task = `hr-${instanceId}-task-${makeId()}`;
    const run = ["--label", "homeroom.kind=task", "--label", "homeroom.run=another"];
    await docker("create", "--name", task, ...label, ...run, await image());
    const leftovers = [`container ${task}`, `network ${net}`];
    await left.box.restart("SIGTERM");
    await open(left, "maria");
    const still = await right.box.objects();
    assert.deepEqual(
      leftovers.filter((name) => !still.includes(name)),
      [],
    );
    // Its own hub does remove them, and nothing else.
    socket.terminate();
    await right.box.restart("SIGKILL");
    const end = performance.now() + PATIENCE_MS;
    while ((await right.box.objects()).some((name) => leftovers.includes(name))) {
      assert.ok(performance.now() < end, "what is left over is not removed");
      await sleep(100);
    }
    assert.deepEqual(await right.box.lasting(), untouched.objects);
    socket = await connected(await open(right, "maria"), right.box);
    await assertUntouched();
  });

  it("stop all of their own notebooks on the way down, with and without a hub, and none of the other's", async () => {
    await left.box.restart("SIGTERM", { HOMEROOM_NAMED_SERVERS: "true" });
    const before = (await left.box.containers()).length;
    const second = await left.box.console("POST", "users/maria/servers/second", {});
    assert.ok([201, 202].includes(second.status), second.text);
    const end = performance.now() + PATIENCE_MS;
    const isReady = async (): Promise<boolean> => {
      const { text } = await left.box.console("GET", "users/maria/servers/second");
      return (JSON.parse(text) as { ready: boolean }).ready;
    };
    while (!(await isReady())) {
      assert.ok(performance.now() < end, "the second notebook does not start");
      await sleep(100);
    }
    assert.equal((await left.box.containers()).length, before + 1);
    const withHub = await left.box.command("stop-notebooks");
    assert.equal(withHub.code, 0, withHub.stderr);
    assert.deepEqual(await left.box.containers(), []);
    await assertUntouched();
    await open(left, "maria");
    await left.box.kill("SIGTERM");
    assert.equal((await left.box.containers()).length, 1);
    const without = await left.box.command("stop-notebooks");
    assert.equal(without.code, 0, without.stderr);
    assert.deepEqual(await left.box.containers(), []);
    await assertUntouched();
    await left.box.start();
    assert.equal((await left.box.console("GET", "users/maria/servers/second")).status, 200);
  });

  it("share one pool without harm, and the one that finds it used up says so", async () => {
    await left.box.restart("SIGTERM", { HOMEROOM_POOL: right.box.docker.pool });
    await Promise.all(NAMES.map((name) => open(left, name)));
    const used = [...(await subnets(left)), ...(await subnets(right))];
    assert.equal(new Set(used).size, 2 * NAMES.length, used.join());
    await assertUntouched();
    for (const name of NAMES) await stop(left, name);
    // All that there is of it is in use by the other.
    const [taken = ""] = await subnets(right);
    await left.box.restart("SIGTERM", { HOMEROOM_POOL: taken });
    const maria = left.people.get("maria") ?? assert.fail();
    const ada = await left.box.addPerson("ada", "owner");
    await maria.get("/hub/spawn");
    let page = "";
    const end = performance.now() + PATIENCE_MS;
    while (!page.includes("Every private network") && performance.now() < end) {
      await sleep(100);
      page = (await ada.get("/hub/admin")).text;
    }
    assert.ok(
      page.includes(`Every private network of the pool <bdi>${taken}</bdi> is in use`),
      page,
    );
    assert.match((await maria.get("/hub/home")).text, /no room for another notebook/);
    assert.deepEqual(await left.box.containers(), []);
    await assertUntouched();
    await left.box.restart("SIGTERM");
    await open(left, "maria");
  });

  it("remove their own people alone", async () => {
    const removed = await left.box.console("DELETE", "accounts/jose");
    assert.equal(removed.status, 204, removed.text);
    await assertUntouched();
    const volumes = (await left.box.objects()).filter((name) => name.startsWith("volume "));
    assert.equal(volumes.length, NAMES.length + 1, "a home outlives the removal of its person");
  });

  it("do not mind a container that only looks like theirs", async () => {
    const { instanceId } = left.box.docker.secrets;
    const name = `hr-${instanceId}-server-${makeId()}`;
    const { label } = left.box.docker;
    await docker(
      "create",
      "--name",
      name,
      "--label",
      label,
      "--label",
      "homeroom.kind=server",
      await image(),
    );
    await left.box.restart("SIGKILL");
    await open(left, "maria");
    assert.equal((await left.box.containers()).length, 1);
    await docker("inspect", name);
  });

  async function image(): Promise<string> {
    return left.box.env["HOMEROOM_NOTEBOOK_IMAGE"] ?? "";
  }
});

/** As people run them: each from the same folder, under a project name, port and pool of its own. */
describe("two boxes made by ./homeroom up", { timeout: 1_800_000 }, () => {
  let left: Appliance;
  let right: Appliance;
  const owners = new Map<Appliance, HttpClient>();

  before(async () => {
    left = await startAppliance();
    right = await startAppliance({ basePath: "/jupyterhub/" });
  });
  after(async () => {
    await left?.[Symbol.asyncDispose]();
    await right?.[Symbol.asyncDispose]();
  });

  async function setUp(box: Appliance): Promise<HttpClient> {
    const code = /set-up code: (\S+)/.exec(box.output())?.[1] ?? assert.fail(box.output());
    const owner = new HttpClient(box.origin);
    const path = `${box.basePath}hub/setup`;
    await owner.get(path);
    const password = "correct horse battery";
    const form = { code, username: "ada", display_name: "Ada", password };
    const answer = await owner.post(path, { ...form, password_repeat: password });
    assert.equal(answer.status, 302, answer.text);
    return owner;
  }

  async function openLab(box: Appliance): Promise<void> {
    const owner = owners.get(box) ?? assert.fail();
    const lab = `${box.basePath}user/ada/lab`;
    let last = await owner.get(`${box.basePath}hub/spawn`, { follow: true });
    const end = performance.now() + PATIENCE_MS;
    while ((last.url !== lab || last.status !== 200) && performance.now() < end) {
      await sleep(400);
      last = await owner.get(`${box.basePath}hub/spawn`, { follow: true });
    }
    assert.equal(last.url, lab, last.text);
  }

  async function statusOf(box: Appliance): Promise<number> {
    const owner = owners.get(box) ?? assert.fail();
    return (await owner.get(`${box.basePath}user/ada/api/status`)).status;
  }

  async function volumesOf(box: Appliance): Promise<string[]> {
    const filter = `label=com.docker.compose.project=${box.project}`;
    const text = await docker("volume", "ls", "--quiet", "--filter", filter);
    return text.split("\n").filter((line) => line !== "");
  }

  it("have data of their own, and people of the same name in both", async () => {
    for (const box of [left, right]) owners.set(box, await setUp(box));
    assert.deepEqual(await volumesOf(left), [`${left.project}_data`]);
    assert.deepEqual(await volumesOf(right), [`${right.project}_data`]);
    const cookie = owners.get(left)?.cookieHeader("/hub/home") ?? "";
    const visitor = new HttpClient(right.origin);
    // A browser sends the cookies of one port to the other: they open nothing there.
    const foreign = await visitor.get("/jupyterhub/hub/home", { headers: { cookie } });
    assert.equal(foreign.status, 302);
  });

  it("have notebooks at the same time", async () => {
    await Promise.all([openLab(left), openLab(right)]);
    assert.deepEqual([await statusOf(left), await statusOf(right)], [200, 200]);
    const all = [...(await left.notebooks()), ...(await right.notebooks())];
    assert.equal(new Set(all).size, 2);
  });

  it("go down alone: the other goes on with its notebook and its images, and the first comes back", async () => {
    const notebooks = await right.notebooks();
    const hub = await right.hubContainer();
    await left.down();
    assert.equal(await statusOf(right), 200);
    assert.deepEqual(await right.notebooks(), notebooks);
    assert.equal(await right.hubContainer(), hub);
    for (const image of ["hub", "notebook"]) {
      await docker("image", "inspect", `${right.project}-${image}`);
      await docker("image", "inspect", `${left.project}-${image}`);
    }
    await left.up();
    assert.deepEqual(await right.notebooks(), notebooks);
    await openLab(left);
    assert.deepEqual([await statusOf(left), await statusOf(right)], [200, 200]);
  });

  it("keep their settings apart", async () => {
    const [here, there] = await Promise.all([left.command(["status"]), right.command(["status"])]);
    assert.match(here, new RegExp(`:${new URL(left.origin).port}/`));
    assert.match(there, new RegExp(`:${new URL(right.origin).port}/jupyterhub/`));
  });
});
