/** Doors as such: when they open and close, and how much may come in by one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { ServerDoors } from "#src/entrypoint/server-doors.ts";
import { createRequestContexts } from "#src/session/request-context.ts";
import { makeId } from "#src/stores/ids.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { freePort } from "#test/support/hub-process.ts";
import { silentLog } from "#test/support/silent-log.ts";

const host = "127.0.0.1";

describe("the door of a server", () => {
  const contexts = createRequestContexts({ trustedProxies: ["127.0.0.1"] });
  const doors = new ServerDoors({ basePath: "/", contexts, log: silentLog });
  doors.lead((req, res) => {
    const { server, address, via } = contexts.of(req);
    res.end(JSON.stringify({ server, address, via }));
  });
  after(() => doors[Symbol.asyncDispose]());

  async function openDoor(generation = 1) {
    const door = { serverId: makeId<"server">(), generation, at: { host, port: await freePort() } };
    await doors.open(door);
    return { ...door, url: `http://${host}:${door.at.port}/hub/api` };
  }

  it("tells which server asks, and believes nothing of where it comes from", async () => {
    const { serverId, url } = await openDoor(4);
    const headers = { "x-forwarded-for": "203.0.113.7" };
    const asked = (await (await fetch(url, { headers })).json()) as object;
    const server = { serverId, generation: 4 };
    assert.deepEqual(asked, { server, address: host, via: "server" });
  });

  it("stays as it is when it is opened again, and is another one for the next start", async () => {
    const { url, ...door } = await openDoor();
    await Promise.all([doors.open(door), doors.open(door)]);
    await doors.open({ ...door, generation: 2 });
    const { server } = (await (await fetch(url)).json()) as { server: { generation: number } };
    assert.equal(server.generation, 2);
  });

  it("is one for all who open that of the next start at once, and closes for good", async () => {
    const { url, ...door } = await openDoor();
    const next = { ...door, generation: 2 };
    // One of them sees that of the last start, which takes its time to close, and the other one none.
    await Promise.all([doors.open(next), doors.open(next)]);
    assert.equal((await fetch(url)).status, 200);
    doors.close(door.serverId);
    await assert.rejects(fetch(url));
  });

  it("is not closed for a start that is over", async () => {
    const { url, serverId } = await openDoor(2);
    doors.close(serverId, 1);
    assert.equal((await fetch(url)).status, 200);
    doors.close(serverId, 2);
    await assert.rejects(fetch(url));
  });

  it("says where it cannot be, and can be tried again", async () => {
    const other = createServer().listen(0, host);
    await once(other, "listening");
    const address = other.address();
    if (address === null || typeof address === "string") throw new TypeError("not a port");
    const at = { host, port: address.port };
    const door = { serverId: makeId<"server">(), generation: 1, at };
    await assert.rejects(doors.open(door), (error) => {
      assert.ok(error instanceof HubError);
      assert.deepEqual(error.toData(), {
        code: "no_door",
        params: { address: host, port: at.port, detail: "EADDRINUSE" },
      });
      return true;
    });
    other.close();
    await once(other, "close");
    await doors.open(door);
    assert.equal((await fetch(`http://${host}:${at.port}/hub/api`)).status, 200);
  });

  it("is tried for a while where there is no such address yet, and nothing is said of it but that", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    // Of an address that is for documents alone.
    const at = { host: "203.0.113.9", port: 8081 };
    const opening = doors.open({ serverId: makeId<"server">(), generation: 1, at });
    await assert.rejects(opening, (error) => error instanceof HubError && error.code === "no_door");
    process.off("warning", note);
    assert.deepEqual(warnings, []);
  });

  it("takes so many connections and no more, whatever is done inside", async () => {
    const { at, url } = await openDoor();
    const sockets: Socket[] = Array.from({ length: 40 }, () => connect(at.port, host));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const left = (): number => sockets.filter((one) => !one.closed && one.readable).length;
    assert.ok(await eventually(() => left() === 16, 60_000), `${left()} connections`);
    for (const socket of sockets) socket.destroy();
    await assert.doesNotReject(async () => {
      for (let tries = 0; tries < 600; tries += 1) {
        const answer = await fetch(url).catch(() => undefined);
        if (answer?.status === 200) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error("it takes none any more");
    });
  });

  it("is no way to a notebook, to a page, or to anything by a spelling of its own", async () => {
    const { at } = await openDoor();
    for (const path of ["/user/maria/", "/hub/api/../login", "/hub/api//user", "/hub/apix", "*"]) {
      const socket = connect(at.port, host);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n`);
      let text = "";
      for await (const chunk of socket) text += String(chunk);
      assert.match(text, /^HTTP\/1\.1 404 /, path);
    }
    const socket = connect(at.port, host);
    socket.write(
      "GET /hub/api HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, /^HTTP\/1\.1 404 /);
  });
});
