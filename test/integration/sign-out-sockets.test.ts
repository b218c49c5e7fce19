/** Everything that ends a session ends what is open behind it: WebSockets, streams, downloads, upgrades under way. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, type Server, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { FakeEngine } from "#test/support/fake-engine.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { type TestHub, createTestHub, signIn } from "#test/support/test-hub.ts";

const SOCKETS = 200;
const BYSTANDERS = 20;
/** The goal is a second, which `npm run bench sockets` measures; a busy machine is not a broken one. */
const PATIENCE_MS = 60_000;

/** Notebooks of everybody: upgrades that wait as long as a test wants, and downloads without an end. */
class Notebooks {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #downloads = new Set<IncomingMessage>();
  readonly #paths = new Map<WebSocket, string>();
  answerAfterMs: () => number = () => 0;

  constructor() {
    this.#server = createServer((req, res) => {
      if (!(req.url ?? "").includes("/files/")) {
        res.end("{}");
        return;
      }
      this.#downloads.add(req);
      res.on("close", () => this.#downloads.delete(req));
      res.write("the first bytes");
    });
    this.#server.on("upgrade", (req, socket, head) => {
      socket.on("error", () => undefined);
      setTimeout(() => {
        this.#sockets.handleUpgrade(req, socket, head, (open) => {
          this.#sockets.emit("connection", open, req);
          this.#paths.set(open, req.url ?? "");
        });
      }, this.answerAfterMs());
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get upstream(): { host: string; port: number } {
    const { port } = this.#server.address() as AddressInfo; // It listens on TCP.
    return { host: "127.0.0.1", port };
  }

  /** What is open here of a person. */
  open(name: string): number {
    const isOf = (url: string) => url.startsWith(`/user/${name}/`);
    const sockets = [...this.#sockets.clients].filter((one) => isOf(this.#paths.get(one) ?? ""));
    const downloads = [...this.#downloads].filter(({ url }) => isOf(url ?? ""));
    return sockets.length + downloads.length;
  }

  close(): void {
    for (const one of this.#sockets.clients) one.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A person at one device, with everything that a device may have open. */
class Device {
  readonly client: HttpClient;
  readonly name: string;
  readonly #box: TestHub;
  readonly sockets: WebSocket[] = [];
  /** Event streams and downloads: ended or not. */
  readonly #streams: { isOpen: boolean }[] = [];

  constructor(box: TestHub, name: string) {
    this.#box = box;
    this.name = name;
    this.client = box.client();
  }

  async signIn(): Promise<this> {
    const answer = await signIn(this.client, "/", this.name, `${this.name} has many words`);
    assert.equal(answer.status, 302, answer.text);
    return this;
  }

  upgrade(): WebSocket {
    const path = `/user/${this.name}/api/kernels/x/channels`;
    const socket = this.client.webSocket(path, { origin: this.#box.origin });
    socket.on("error", () => undefined);
    this.sockets.push(socket);
    return socket;
  }

  async openSockets(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => once(this.upgrade(), "open")));
  }

  async openStream(path: string): Promise<void> {
    const stream = { isOpen: true };
    const headers = { cookie: this.client.cookieHeader(path) };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${this.#box.origin}${path}`, { headers, agent: false }, resolve).on("error", reject);
    });
    assert.equal(answer.statusCode, 200, path);
    this.#streams.push(stream);
    answer.on("close", () => (stream.isOpen = false));
    answer.on("error", () => undefined);
    answer.resume();
  }

  async openStreams(): Promise<void> {
    await this.openStream(`/hub/events/notebook/${this.name}`);
    await this.openStream(`/user/${this.name}/files/film.mp4`);
  }

  get open(): number {
    const sockets = this.sockets.filter(({ readyState }) => readyState !== WebSocket.CLOSED);
    return sockets.length + this.#streams.filter(({ isOpen }) => isOpen).length;
  }

  /** What the old cookies are answered, by every way in. */
  async knock(): Promise<Record<string, number>> {
    const socket = this.upgrade();
    const refused = once(socket, "unexpected-response") as Promise<[unknown, IncomingMessage]>;
    const opened = once(socket, "open").then(() => 101);
    const status = await Promise.race([refused.then(([, { statusCode }]) => statusCode), opened]);
    socket.terminate();
    return {
      page: (await this.client.get("/hub/home")).status,
      api: (await this.client.get(`/hub/api/users/${this.name}`)).status,
      notebook: (await this.client.get(`/user/${this.name}/api/status`)).status,
      upgrade: status ?? 0,
    };
  }

  end(): void {
    for (const socket of this.sockets) socket.terminate();
  }
}

const REFUSED = { page: 302, api: 403, notebook: 403, upgrade: 403 };
const ADMITTED = { page: 200, api: 200, notebook: 200, upgrade: 101 };

describe("what is open behind a session", { timeout: 1_200_000 }, () => {
  const notebooks = new Notebooks();
  let box: TestHub;
  let jose: Device;
  const devices: Device[] = [];
  let people = 0;

  before(async () => {
    await notebooks.listen();
    const engine = new FakeEngine({ upstreamOf: () => notebooks.upstream });
    box = await createTestHub({
      overrides: { spawner: { spawner: new FakeSpawner(engine), homes: new FakeHomes() } },
    });
    await box.setUp();
    jose = await device(await addPerson());
    await openNotebook(jose);
    await jose.openSockets(BYSTANDERS);
    await jose.openStreams();
  });
  after(async () => {
    for (const one of devices) one.end();
    notebooks.close();
    await box[Symbol.asyncDispose]();
  });

  async function addPerson(): Promise<string> {
    people += 1;
    const name = `person${people}`;
    await box.command("POST", "accounts", { name, password: `${name} has many words` });
    return name;
  }

  async function device(name: string): Promise<Device> {
    const one = await new Device(box, name).signIn();
    devices.push(one);
    return one;
  }

  async function openNotebook({ client, name }: Device): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      const answer = await client.get("/hub/spawn", { follow: true });
      if (answer.url === `/user/${name}/lab` && answer.status === 200) return;
      await sleep(50);
    }
    throw new Error("the notebook does not open");
  }

  async function assertJoseIsThere(): Promise<void> {
    assert.equal(jose.open, BYSTANDERS + 2);
    assert.equal(notebooks.open(jose.name), BYSTANDERS + 1);
    assert.equal((await jose.client.get("/hub/home")).status, 200);
  }

  async function assertGone(one: Device): Promise<void> {
    assert.deepEqual(await one.knock(), REFUSED);
    const isGone = await eventually(() => one.open === 0, PATIENCE_MS);
    assert.ok(isGone, `${one.open} are open still`);
  }

  const endings: Readonly<Record<string, (one: Device) => Promise<unknown>>> = {
    "the password is reset": ({ name }) => box.command("POST", `accounts/${name}/reset`),
    "the account is locked": ({ name }) =>
      box.command("PATCH", `accounts/${name}`, { disabled: true }),
    "the account is removed": ({ name }) => box.command("DELETE", `accounts/${name}`),
    "the role is changed": ({ name }) =>
      box.command("PATCH", `accounts/${name}`, { role: "teacher" }),
    "somebody else ends all sessions": ({ name }) =>
      box.command("DELETE", `accounts/${name}/sessions`),
    "the person signs out everywhere": async ({ client }) => {
      await client.get("/hub/account");
      const answer = await client.post("/hub/account/sign-out-everywhere");
      assert.equal(answer.status, 302, answer.text);
    },
  };

  for (const [what, end] of Object.entries(endings)) {
    it(`is closed when ${what}, on all devices, and nobody else's is`, async () => {
      const here = await device(await addPerson());
      await openNotebook(here);
      const there = await device(here.name);
      for (const one of [here, there]) {
        await one.openSockets(SOCKETS / 2);
        await one.openStreams();
      }
      assert.equal(here.open + there.open, SOCKETS + 4);
      assert.equal(notebooks.open(here.name), SOCKETS + 2);
      await end(here);
      for (const one of [here, there]) await assertGone(one);
      assert.ok(await eventually(() => notebooks.open(here.name) === 0, PATIENCE_MS));
      await assertJoseIsThere();
    });
  }

  const endingsOfOne: Readonly<Record<string, (here: Device, there: Device) => Promise<unknown>>> =
    {
      "signs out": async ({ client }) => {
        await client.get("/hub/home");
        assert.equal((await client.post("/hub/logout")).status, 302);
      },
      "changes the password at the other": async (_here, { client, name }) => {
        await client.get("/hub/account");
        const answer = await client.post("/hub/change-password", {
          current: `${name} has many words`,
          password: "other words than before",
          password_repeat: "other words than before",
        });
        assert.equal(answer.status, 302, answer.text);
      },
      "is signed out of it by the other": async ({ name }, { client }) => {
        const sessions = await box.command("GET", `accounts/${name}/sessions`);
        const { sessions: list } = JSON.parse(sessions.text) as {
          sessions: { id: string; created: string }[];
        };
        const [first] = list.toSorted((a, b) => a.created.localeCompare(b.created));
        await client.get("/hub/account");
        const answer = await client.post(`/hub/account/sessions/${first?.id}/end`);
        assert.equal(answer.status, 302, answer.text);
      },
    };

  for (const [what, end] of Object.entries(endingsOfOne)) {
    it(`is closed on one device alone when the person ${what}`, async () => {
      const here = await device(await addPerson());
      await openNotebook(here);
      const there = await device(here.name);
      for (const one of [here, there]) {
        await one.openSockets(SOCKETS / 2);
        await one.openStreams();
      }
      await end(here, there);
      await assertGone(here);
      assert.equal(there.open, SOCKETS / 2 + 2);
      assert.deepEqual(await there.knock(), ADMITTED);
      await assertJoseIsThere();
    });
  }

  it("is not left behind by upgrades and streams that were under way at that moment", async () => {
    notebooks.answerAfterMs = () => Math.random() * 400;
    for (const delayMs of [0, 5, 30, 100, 200, 350]) {
      const one = await device(await addPerson());
      await openNotebook(one);
      const over = new AbortController();
      const streams: Promise<unknown>[] = [];
      const knocking = (async () => {
        while (!over.signal.aborted) {
          one.upgrade();
          streams.push(one.openStream(`/hub/events/notebook/${one.name}`).catch(() => undefined));
          streams.push(one.openStream(`/user/${one.name}/files/a`).catch(() => undefined));
          await sleep(2);
        }
      })();
      await sleep(delayMs);
      await box.command("POST", `accounts/${one.name}/reset`);
      await sleep(50);
      over.abort();
      await knocking;
      await Promise.all(streams);
      const isGone = await eventually(() => one.open === 0, PATIENCE_MS);
      assert.ok(isGone, `after ${delayMs} ms ${one.open} of ${one.sockets.length} are open still`);
      assert.ok(await eventually(() => notebooks.open(one.name) === 0, PATIENCE_MS));
    }
    notebooks.answerAfterMs = () => 0;
    await assertJoseIsThere();
  });
});
