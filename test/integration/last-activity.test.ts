/** When a person was last there, as far as the hub alone can see: no notebook runs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpClient } from "#test/support/http-client.ts";
import { ProcessBox } from "#test/support/process-box.ts";

describe("a person who has no notebook open", { timeout: 600_000 }, () => {
  let box: ProcessBox;
  let client: HttpClient;
  let token: string;

  before(async () => {
    box = await ProcessBox.start();
    client = await box.addPerson("maria");
    const made = await box.command("token", "maria");
    assert.equal(made.code, 0, made.stderr);
    token = made.stdout.trim();
  });
  after(() => box?.[Symbol.asyncDispose]());

  /** Written once a minute, and at a clean end. */
  async function lastActivity(): Promise<string> {
    await box.restart("SIGTERM");
    const { text } = await box.console("GET", "users/maria");
    return (JSON.parse(text) as { last_activity: string }).last_activity;
  }

  it("is there when a page is opened, or the API is asked with a token of theirs", async () => {
    const headers = { authorization: `token ${token}` };
    const visits = [
      () => client.get("/hub/home"),
      () => box.hub.client().ask("/hub/api/user", { headers }),
    ];
    for (const visit of visits) {
      const before = await lastActivity();
      // The clock of the record has milliseconds.
      await sleep(10);
      assert.equal((await visit()).status, 200);
      assert.ok((await lastActivity()) > before);
    }
  });

  it("is not there because somebody else looks, or asks with a token that is not theirs", async () => {
    const before = await lastActivity();
    const owner = await box.addPerson("ada", "owner");
    assert.equal((await owner.get("/hub/admin/people/maria")).status, 200);
    const headers = { authorization: `token ${token}x` };
    assert.equal((await box.hub.client().ask("/hub/api/user", { headers })).status, 403);
    assert.equal(await lastActivity(), before);
  });
});
