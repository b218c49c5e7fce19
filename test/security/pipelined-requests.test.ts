/** Requests that a client sends without waiting for the answers to those before. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { ListeningWorld } from "#test/support/listening-world.ts";
import { eventually } from "#test/support/raw-sockets.ts";

describe("requests of one connection that do not wait for each other", () => {
  let world: ListeningWorld;
  let cookie = "";
  /** Nothing is said to `/held` before the test says it. */
  const held: ServerResponse[] = [];

  before(async () => {
    world = await ListeningWorld.start();
    cookie = await world.cookie("alice");
    await world.serve("alice", (req, res) => {
      if (req.url?.includes("held") === true) held.push(res);
      else res.end("done");
    });
  });
  after(() => world[Symbol.asyncDispose]());

  const get = (path: string): string =>
    `GET /user/alice/${path} HTTP/1.1\r\nHost: ${world.host}\r\nCookie: ${cookie}\r\n\r\n`;

  it("all end at the notebook when their client goes away", async () => {
    const client = connect(world.port, "127.0.0.1");
    await once(client, "connect");
    client.write(get("held1") + get("held2") + get("held3"));
    assert.ok(await eventually(() => held.length === 3, 60_000));
    client.destroy();
    const open = (): number => held.filter(({ destroyed }) => !destroyed).length;
    assert.ok(await eventually(() => open() === 0, 60_000), `${open()} are open yet`);
  });

  it("get no answer in the middle of another one", async () => {
    held.length = 0;
    const client = connect(world.port, "127.0.0.1");
    let text = "";
    client.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    client.write(get("held1") + get("held2"));
    assert.ok(await eventually(() => held.length === 2, 60_000));
    held[0]?.writeHead(200, { "content-length": 1000 });
    held[0]?.write("begun");
    assert.ok(await eventually(() => text.endsWith("begun"), 60_000), text);
    client.write("no request\r\n\r\n");
    await once(client, "close");
    assert.ok(text.endsWith("begun"), text);
  });
});
