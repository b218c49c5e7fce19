/** What a program opens with an API token: notebooks, sockets and streams, and their end with the token. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, type Server, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { FakeEngine } from "#test/support/fake-engine.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { Answer, AskOptions } from "#test/support/http-client.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { type TestHub, createTestHub } from "#test/support/test-hub.ts";

const PATIENCE_MS = 60_000;

describe("an API token at notebooks", { timeout: 600_000 }, () => {
  let box: TestHub;
  let notebook: Server;
  let engine: FakeEngine;
  const sockets = new WebSocketServer({ noServer: true });
  /** As the notebook saw them. */
  const seen: IncomingMessage[] = [];

  before(async () => {
    notebook = createServer((req, res) => {
      seen.push(req);
      if ((req.url ?? "").includes("/files/")) res.write("the first bytes");
      else res.end("{}");
    });
    notebook.on("upgrade", (req, socket, head) => {
      seen.push(req);
      sockets.handleUpgrade(req, socket, head, (open) => open.on("error", () => undefined));
    });
    notebook.listen(0, "127.0.0.1");
    await once(notebook, "listening");
    const { port } = notebook.address() as AddressInfo; // It listens on TCP.
    engine = new FakeEngine({ upstreamOf: () => ({ host: "127.0.0.1", port }) });
    box = await createTestHub({
      config: { services: { culler: { scopes: ["list:users", "access:servers"] } } },
      overrides: { spawner: { spawner: new FakeSpawner(engine), homes: new FakeHomes() } },
    });
    await box.setUp();
    for (const name of ["sam", "alex"]) await box.command("POST", "accounts", { name });
    for (const name of ["sam", "alex", "ada"]) {
      await box.command("POST", `users/${name}/server`);
      assert.equal((await ask(await make(name), `/user/${name}/api/status`)).status, 200);
    }
  });
  after(async () => {
    for (const one of sockets.clients) one.terminate();
    notebook.closeAllConnections();
    notebook.close();
    await box[Symbol.asyncDispose]();
  });

  async function make(name: string, scopes?: readonly string[]): Promise<string> {
    const json = scopes === undefined ? {} : { scopes };
    const { text } = await box.command("POST", `users/${name}/tokens`, json);
    return (JSON.parse(text) as { token: string }).token;
  }

  function ask(token: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, ...options.headers };
    return box.client().ask(path, { ...options, headers });
  }

  function socket(path: string, headers: Readonly<Record<string, string>> = {}): WebSocket {
    const open = new WebSocket(`${box.origin.replace(/^http/, "ws")}${path}`, { headers });
    open.on("error", () => undefined);
    return open;
  }

  async function statusOf(open: WebSocket): Promise<number> {
    const refused = once(open, "unexpected-response") as Promise<[unknown, IncomingMessage]>;
    const status = await Promise.race([
      refused.then(([, { statusCode }]) => statusCode ?? 0),
      once(open, "open").then(() => 101),
    ]);
    open.terminate();
    return status;
  }

  it("opens its person's, without a form token, and nobody else's, not even for an owner", async () => {
    const sam = await make("sam");
    const posted = await ask(sam, "/user/sam/api/contents", { method: "POST", body: "x" });
    assert.equal(posted.status, 200);
    assert.doesNotMatch(String(seen.at(-1)?.headers.authorization), new RegExp(sam));
    const narrow = await make("sam", ["servers!user", "read:users!user"]);
    const one = await make("sam", ["access:servers!server=sam/"]);
    const other = await make("sam", ["access:servers!server=sam/lab2"]);
    const ada = await make("ada");
    assert.deepEqual(
      await Promise.all(
        (
          [
            [sam, "alex"],
            [sam, "nobody"],
            [narrow, "sam"],
            [one, "sam"],
            [other, "sam"],
            [ada, "ada"],
            [ada, "sam"],
            ["f".repeat(32), "sam"],
          ] as const
        ).map(async ([token, name]) => (await ask(token, `/user/${name}/api/status`)).status),
      ),
      [404, 404, 404, 200, 404, 200, 404, 403],
    );
  });

  it("opens sockets from the address, which the notebook never sees, and from no foreign page", async () => {
    const token = await make("sam");
    const path = `/user/sam/api/kernels/x/channels?session_id=1&token=${token}`;
    assert.equal(await statusOf(socket(path)), 101);
    assert.equal(seen.at(-1)?.url, "/user/sam/api/kernels/x/channels?session_id=1");
    assert.equal(await statusOf(socket(path, { origin: box.origin })), 101);
    assert.equal(await statusOf(socket(path, { origin: "http://evil.example" })), 403);
    assert.equal(await statusOf(socket(path.replace("/sam/", "/alex/"))), 404);
    assert.equal(await statusOf(socket(`/user/sam/ws?token=${"0".repeat(32)}`)), 403);
    const header = { authorization: `token ${token}` };
    assert.equal(await statusOf(socket("/user/sam/ws", header)), 101);
    const page = await box.client().ask(`/user/sam/lab?token=${token}&a=1`, {
      headers: { accept: "text/html" },
    });
    assert.equal(page.status, 302);
    assert.ok(!String(page.headers.location).includes(token));
  });

  it("takes along what it has open when it ends, whoever ends it, and nothing else", async () => {
    const endings: Readonly<Record<string, (id: string, token: string) => Promise<unknown>>> = {
      "its person revokes it": (id, token) =>
        ask(token, `/hub/api/users/sam/tokens/${id}`, { method: "DELETE" }),
      "the box revokes it": (id) => box.command("DELETE", `users/sam/tokens/${id}`),
      "the password is reset": () => box.command("POST", "accounts/sam/reset"),
      "the account is locked": () => box.command("PATCH", "accounts/sam", { disabled: true }),
    };
    const bystander = socket(`/user/alex/ws?token=${await make("alex")}`);
    await once(bystander, "open");
    for (const [what, end] of Object.entries(endings)) {
      const answer = await box.command("POST", "users/sam/tokens", {});
      const { id, token } = JSON.parse(answer.text) as { id: string; token: string };
      const open = socket(`/user/sam/ws?token=${token}`);
      await once(open, "open");
      const stream = await streamOf(token, "/user/sam/files/film.mp4");
      await end(id, token);
      const isGone = await eventually(
        () => open.readyState === WebSocket.CLOSED && stream.closed,
        PATIENCE_MS,
      );
      assert.ok(isGone, what);
      assert.equal((await ask(token, "/user/sam/api/status")).status, 403);
    }
    assert.equal(bystander.readyState, WebSocket.OPEN);
    bystander.terminate();
  });

  it("ends the progress of a start that it follows", async () => {
    const hold = engine.hold("answering");
    await box.command("POST", "accounts", { name: "sol" });
    const answer = await box.command("POST", "users/sol/tokens", {});
    const { id, token } = JSON.parse(answer.text) as { id: string; token: string };
    const started = ask(token, "/hub/api/users/sol/server", { method: "POST" });
    await hold.reached;
    const progress = await streamOf(token, "/hub/api/users/sol/server/progress");
    await sleep(50);
    assert.equal(progress.closed, false);
    await box.command("DELETE", `users/sol/tokens/${id}`);
    assert.ok(await eventually(() => progress.closed, PATIENCE_MS));
    hold.release();
    assert.equal((await started).status, 201);
  });

  it("of a service does what the configuration says, and opens no notebook", async () => {
    const { text } = await box.command("GET", "services/culler/token");
    const { token } = JSON.parse(text) as { token: string };
    const who = JSON.parse((await ask(token, "/hub/api/user")).text) as Record<string, unknown>;
    assert.equal(who["kind"], "service");
    assert.equal(who["name"], "culler");
    assert.deepEqual(who["scopes"], ["access:servers", "list:users", "read:users:name"]);
    assert.equal((await ask(token, "/hub/api/users")).status, 200);
    const stop = await ask(token, "/hub/api/users/alex/server", { method: "DELETE" });
    assert.equal(stop.status, 403);
    const notebook = await ask(token, "/user/alex/api/status");
    assert.equal(notebook.status, 403);
    assert.match(notebook.text, /Services open no notebooks; .* POST \/users\/alex\/tokens/);
    const client = box.client();
    assert.equal((await client.ask("/hub/api/services/culler/token")).status, 403);
    assert.equal((await ask(token, "/hub/api/services/culler/token")).status, 403);
  });

  async function streamOf(token: string, path: string): Promise<{ closed: boolean }> {
    const headers = { authorization: `token ${token}` };
    const state = { closed: false };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${box.origin}${path}`, { headers, agent: false }, resolve).on("error", reject);
    });
    assert.equal(answer.statusCode, 200);
    answer.on("close", () => (state.closed = true));
    answer.on("error", () => undefined);
    answer.resume();
    return state;
  }
});
