/** A request whose body comes in slowly, sent by somebody who is signed out before it is there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { after, before, describe, it } from "node:test";
import type { HttpClient } from "#test/support/http-client.ts";
import { type PeopleWorld, createPeopleWorld, passwordOf } from "#test/support/people-world.ts";
import { signIn } from "#test/support/test-hub.ts";

interface Sender {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends this sign-in or token alone. */
  end(): Promise<unknown>;
}

interface Held {
  /** Sends the rest, and answers with the whole reply. */
  finish(): Promise<string>;
}

let world: PeopleWorld;
let people = 0;
before(async () => {
  world = await createPeopleWorld();
});
after(() => world[Symbol.asyncDispose]());

/** All but the end of the body is there, and the hub has begun with it. */
async function begin(path: string, sender: Sender, body: string, type: string): Promise<Held> {
  const { port, host } = new URL(world.box.origin);
  const socket: Socket = connect(Number(port), "127.0.0.1");
  let reply = "";
  socket.on("data", (chunk: Buffer) => (reply += chunk.toString()));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const head = Object.entries({
    host,
    "content-type": type,
    "content-length": String(Buffer.byteLength(body)),
    expect: "100-continue",
    connection: "close",
    ...sender.headers,
  });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.write(`POST ${path} HTTP/1.1\r\n${lines}\r\n`);
  // The hub's sign that it has read the head.
  while (!reply.includes("100 Continue")) await once(socket, "data");
  const half = Math.floor(body.length / 2);
  socket.write(body.slice(0, half));
  return {
    async finish() {
      socket.write(body.slice(half));
      if (!socket.closed) await once(socket, "close");
      return reply;
    },
  };
}

async function person(): Promise<{ name: string; client: HttpClient }> {
  people += 1;
  const name = `slow${people}`;
  const client = await world.join(name);
  await client.get("/hub/token");
  return { name, client };
}

async function byCookie(): Promise<Sender> {
  const { name, client } = await person();
  const headers = {
    cookie: client.cookieHeader("/hub/"),
    "x-xsrftoken": client.cookie("_xsrf", "/hub/") ?? "",
  };
  return { name, headers, end: () => client.post("/hub/logout") };
}

async function byToken(): Promise<Sender> {
  const { name } = await person();
  const made = await world.box.command("POST", `users/${name}/tokens`, {});
  const { id, token } = JSON.parse(made.text) as { id: string; token: string };
  const headers = { authorization: `token ${token}` };
  return {
    name,
    headers,
    end: () => world.box.command("DELETE", `users/${name}/tokens/${id}`),
  };
}

const form = "application/x-www-form-urlencoded";
const json = "application/json";

/** What would outlive the sign-in, by whom. */
const requests: Readonly<
  Record<string, (name: string) => { path: string; body: string; type: string }>
> = {
  "an API token on the page": () => ({
    path: "/hub/token",
    body: "note=of+a+thief&life=day",
    type: form,
  }),
  "an API token": (name) => ({
    path: `/hub/api/users/${name}/tokens`,
    body: '{"note":"of a thief"}',
    type: json,
  }),
  "another password": (name) => ({
    path: "/hub/change-password",
    body: `current=${passwordOf(name)}&password=other+words&password_repeat=other+words`,
    type: form,
  }),
};

const ends: Readonly<Record<string, (sender: Sender) => Promise<unknown>>> = {
  "signed out": (sender) => sender.end(),
  "given a new first password": ({ name }) => world.box.command("POST", `accounts/${name}/reset`),
  locked: ({ name }) => world.box.command("PATCH", `accounts/${name}`, { disabled: true }),
  "put in the trash": ({ name }) => world.box.command("DELETE", `accounts/${name}`),
};

function rowsOf(name: string): unknown {
  const { id } = Array.from(world.store.entries("users"), ([, user]) => user).find(
    (user) => user.name === name,
  ) ?? { id: "" };
  return Array.from(world.store.entries("tokens"), ([, token]) => token).filter(
    ({ userId, note }) => userId === id && note === "of a thief",
  );
}

describe("a request that is held back half sent", { timeout: 600_000 }, () => {
  for (const [ending, end] of Object.entries(ends)) {
    for (const [what, request] of Object.entries(requests)) {
      it(`makes no more of ${what} when its sender was ${ending} meanwhile`, async () => {
        const sender = await byCookie();
        const { path, body, type } = request(sender.name);
        const held = await begin(path, sender, body, type);
        await end(sender);
        assert.match(await held.finish(), /HTTP\/1\.1 403 /);
        assert.deepEqual(rowsOf(sender.name), []);
      });
    }

    if (ending === "signed out") continue;
    it(`makes no more of a token for a token whose person was ${ending} meanwhile`, async () => {
      const sender = await byToken();
      const { path, body, type } = requests["an API token"]?.(sender.name) ?? assert.fail();
      const held = await begin(path, sender, body, type);
      await end(sender);
      assert.match(await held.finish(), /HTTP\/1\.1 403 /);
      assert.deepEqual(rowsOf(sender.name), []);
    });
  }

  it("makes no token for one that was revoked meanwhile", async () => {
    const sender = await byToken();
    const { path, body, type } = requests["an API token"]?.(sender.name) ?? assert.fail();
    const held = await begin(path, sender, body, type);
    await sender.end();
    assert.match(await held.finish(), /HTTP\/1\.1 403 /);
    assert.deepEqual(rowsOf(sender.name), []);
  });

  it("is done for whoever is still signed in, another of whose devices was signed out", async () => {
    const sender = await byCookie();
    const other = world.box.client();
    await signIn(other, "/", sender.name, passwordOf(sender.name));
    const { path, body, type } = requests["an API token"]?.(sender.name) ?? assert.fail();
    const held = await begin(path, sender, body, type);
    await other.get("/hub/home");
    await other.post("/hub/logout");
    assert.match(await held.finish(), /HTTP\/1\.1 201 /);
    assert.equal((rowsOf(sender.name) as unknown[]).length, 1);
  });

  it("changes no class that has got the name of another one meanwhile", async () => {
    const { name } = await person();
    const make = () => world.box.command("POST", "groups/slow", {});
    assert.equal((await make()).status, 201);
    const { name: owner } =
      [...world.store.entries("users")]
        .map(([, user]) => user)
        .find(({ role }) => role === "owner") ?? assert.fail();
    const wanted = { scopes: ["groups!group=slow"] };
    const made = await world.box.command("POST", `users/${owner}/tokens`, wanted);
    const { token } = JSON.parse(made.text) as { token: string };
    const headers = { authorization: `token ${token}` };
    const sender = { name, headers, end: () => Promise.resolve() };
    const body = JSON.stringify({ users: [name] });
    const held = await begin("/hub/api/groups/slow/users", sender, body, json);
    assert.equal((await world.box.command("DELETE", "groups/slow")).status, 204);
    assert.equal((await make()).status, 201);
    assert.match(await held.finish(), /HTTP\/1\.1 404 /);
    const { text } = await world.box.command("GET", "groups/slow");
    assert.deepEqual((JSON.parse(text) as { users: unknown }).users, []);
  });

  it("is done for a token that is still there", async () => {
    const sender = await byToken();
    const { path, body, type } = requests["an API token"]?.(sender.name) ?? assert.fail();
    const held = await begin(path, sender, body, type);
    assert.match(await held.finish(), /HTTP\/1\.1 201 /);
    assert.equal((rowsOf(sender.name) as unknown[]).length, 1);
  });
});
