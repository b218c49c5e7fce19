/** A program of a student that changes things in a loop: each change is kept in the audit for good. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "#test/support/fake-clock.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { SharingWorld } from "#test/support/sharing-world.ts";

const MOST = 300;

describe("changes of one person", { timeout: 600_000 }, () => {
  it("are so many at once and no more for a student, and for nobody else less", async () => {
    const clock = new FakeClock();
    await using world = await SharingWorld.open({ clock });
    // Each chose a password of their own at the beginning.
    await clock.advance(600_000);
    const change = async (client: HttpClient): Promise<string> => {
      const { status, headers } = await client.post("/hub/account/others-seen");
      return `${status} ${headers["retry-after"] ?? ""}`.trim();
    };
    const many = async (client: HttpClient, count: number): Promise<readonly string[]> => {
      const answers: string[] = [];
      for (let done = 0; done < count; done += 1) answers.push(await change(client));
      return [...new Set(answers)];
    };
    const [sam, maria] = [await world.browser("sam"), await world.browser("maria")];
    // What is refused changes nothing, and does not count.
    assert.equal((await sam.ask("/hub/account/others-seen", { method: "POST" })).status, 403);
    const bad = { note: "", life: "for ever" };
    assert.equal((await sam.post("/hub/token", bad)).status, 400);
    assert.deepEqual(await many(sam, MOST), ["302"]);
    assert.equal(await change(sam), "429 30");
    const token = await world.token("sam");
    const json = { note: "" };
    const byToken = await world.byToken(token, "hub/api/users/sam/tokens", {
      method: "POST",
      json,
    });
    assert.equal(byToken.status, 429, "whatever is shown");
    const asked = (await world.audit()).length;
    assert.equal(await change(sam), "429 30");
    assert.equal((await world.audit()).length, asked);
    assert.equal((await sam.get("/hub/home")).status, 200, "reading is no change");

    assert.equal(await change(maria), "302", "others go on");
    assert.deepEqual(await many(await world.browser("tom"), MOST + 20), ["302"]);
    await clock.advance(30_000);
    assert.deepEqual(await many(sam, 15), ["302"]);
    assert.equal(await change(sam), "429 30");
    await clock.advance(3_600_000);
    assert.deepEqual(await many(await world.browser("sam"), 16), ["302"]);
  });
});
