/** A person with all that a hub keeps of one, erased for good: a real hub, a real home, and no trace in its folder. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ProcessBox } from "#test/support/process-box.ts";
import { signIn } from "#test/support/test-hub.ts";
import { tracesOf } from "#test/support/traces.ts";

const NAME = "xanthippe-quillfeather";
const EARLIER_NAME = "xanthippe-of-old";
const DISPLAY_NAME = "Xanthippe Zzyzx-Quillfeather";

describe("a person who was erased", { timeout: 400_000 }, () => {
  let box: ProcessBox;

  before(async () => {
    box = await ProcessBox.start();
    await box.addPerson("ada", "owner");
  });
  after(() => box?.[Symbol.asyncDispose]());

  const traces = () => tracesOf([NAME, EARLIER_NAME, DISPLAY_NAME], box.dataDir);

  it("is in no file of the hub any more, and its audit says that somebody was", async () => {
    // A try before there is such a person knows no id.
    await signIn(box.hub.client(), "/", EARLIER_NAME, "not a password");
    const client = await box.addPerson(EARLIER_NAME);
    await box.openNotebook(client, EARLIER_NAME);
    const renamed = await box.console("PATCH", `accounts/${EARLIER_NAME}`, {
      name: NAME,
      display_name: DISPLAY_NAME,
    });
    assert.equal(renamed.status, 200, renamed.text);
    await box.signIn(NAME, `${EARLIER_NAME} has many words`);
    // With exports and tables from before.
    await box.restart("SIGTERM");
    await box.restart("SIGKILL");
    await box.addPerson("jose");
    assert.ok((await traces()).length > 5, (await traces()).join("\n"));

    const removed = await box.console("DELETE", `accounts/${NAME}`);
    assert.ok(removed.status < 300, removed.text);
    const trash = JSON.parse((await box.console("GET", "trash")).text) as {
      users: { id: string }[];
    };
    const id = trash.users[0]?.id ?? "";
    const erased = await box.console("DELETE", `trash/${id}`, { confirm: NAME });
    assert.ok(erased.status < 300, erased.text);
    for (let tries = 0; (await traces()).length > 0; tries += 1) {
      assert.ok(tries < 1200, (await traces()).join("\n"));
      await sleep(100);
    }

    const { text } = await box.console("GET", `audit?limit=100`);
    assert.match(text, /user\.erased/);
    assert.match(text, new RegExp(id));
    assert.doesNotMatch(text, /xanthippe/i);
    await box.restart("SIGKILL");
    assert.deepEqual(await traces(), []);
    await box.signIn("jose");
  });
});
