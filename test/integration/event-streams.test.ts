/** Event streams of pages, more of them than anybody has tabs. */
import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import type { HttpClient } from "#test/support/http-client.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { SharingWorld } from "#test/support/sharing-world.ts";

const MOST = 20;
const PATIENCE_MS = 30_000;

interface Stream {
  isOpen: boolean;
}

describe("event streams of one person", { timeout: 120_000 }, () => {
  it("are so many of the same and no more, in whatever spelling: the first gives way", async () => {
    await using world = await SharingWorld.open();
    const [sam, maria] = [await world.browser("sam"), await world.browser("maria")];
    const other = await open(world, maria, "/hub/events/notebook/maria");
    const streams: Stream[] = [];
    for (let index = 0; index < MOST + 6; index += 1) {
      const name = index % 2 === 0 ? "sam" : "SAM";
      streams.push(await open(world, sam, `/hub/events/notebook/${name}`));
    }
    const isOpen = () => streams.map((stream) => stream.isOpen);
    assert.ok(await eventually(() => !isOpen().slice(0, 6).includes(true), PATIENCE_MS));
    assert.ok(!isOpen().slice(6).includes(false), "the last ones stay");
    assert.ok(other.isOpen, "and so do those of others");
  });

  it("are as many of each notebook that a teacher looks at", async () => {
    await using world = await SharingWorld.open();
    const tom = await world.browser("tom");
    const streams: Stream[] = [];
    for (const name of ["sam", "maria"]) {
      for (let index = 0; index < MOST; index += 1) {
        streams.push(await open(world, tom, `/hub/events/notebook/${name}`));
      }
    }
    // Whatever was to be closed is so by the time that another request is answered.
    assert.equal((await tom.get("/hub/home")).status, 200);
    assert.ok(streams.every((stream) => stream.isOpen));
  });
});

async function open(world: SharingWorld, client: HttpClient, path: string): Promise<Stream> {
  const headers = { cookie: client.cookieHeader(path) };
  const stream = { isOpen: true };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(world.box.origin + path, { headers, agent: false }, resolve).on("error", reject);
  });
  assert.equal(answer.statusCode, 200, path);
  answer.on("close", () => (stream.isOpen = false));
  answer.on("error", () => undefined);
  answer.resume();
  return stream;
}
