/** Every change of an account and whatever one person does to another has its line, in the batch of the change. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import Papa from "papaparse";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type { AuditRecord, SessionRecord, UserRecord } from "#src/stores/records.ts";
import type { Write } from "#src/stores/store.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import {
  type PeopleWorld,
  createPeopleWorld,
  hub,
  passwordOf,
  people,
} from "#test/support/people-world.ts";
import { signIn } from "#test/support/test-hub.ts";

let world: PeopleWorld;
before(async () => {
  world = await createPeopleWorld();
});
after(() => world[Symbol.asyncDispose]());

const isAudit = (write: Write): write is { audit: AuditRecord } => "audit" in write;

/** What is done, and the newest line after it. */
async function lineAfter(work: () => Promise<unknown>): Promise<AuditRecord> {
  const before = (await world.audit()).length;
  await work();
  const lines = await world.audit();
  assert.ok(lines.length > before, "there is a new line");
  const [line] = lines;
  assert.ok(line !== undefined);
  return line;
}

function assertLine(
  line: AuditRecord,
  action: AuditAction,
  expected: { readonly actor: string; readonly subject?: string },
): void {
  const { actor, subject } = expected;
  assert.equal(line.action, action);
  assert.equal(line.actorName, actor);
  assert.equal(line.subjectName, subject, "whom");
  assert.equal(line.address, "127.0.0.1", "from where");
  assert.match(line.request ?? "", /^[A-Z0-9]+-\d+$/, "the number of the request");
}

describe("the audit has a line with who, whom, from where and which request", () => {
  it("for what teachers and owners do to accounts", async () => {
    const { owner, tom } = world;
    const form = (name: string, action: string, fields = {}) =>
      tom.post(`${people}/${name}/${action}`, fields);
    const names = { username: "ben2", display_name: "Ben" };
    const by = { actor: "tom", subject: "ben2" };
    assertLine(await lineAfter(() => world.add("ben")), "user.added", {
      actor: "ada",
      subject: "ben",
    });
    const renamed = await lineAfter(() => form("ben", "rename", names));
    assertLine(renamed, "user.renamed", by);
    assert.deepEqual([renamed.detail?.["from"], renamed.detail?.["to"]], ["ben", "ben2"]);
    assertLine(await lineAfter(() => form("ben2", "disable")), "user.disabled", by);
    assertLine(await lineAfter(() => form("ben2", "enable")), "user.enabled", by);
    assertLine(await lineAfter(() => form("ben2", "reset")), "password.reset", by);
    const role = await lineAfter(() => owner.post(`${people}/ben2/role`, { role: "teacher" }));
    assertLine(role, "user.role_changed", { ...by, actor: "ada" });
    assert.deepEqual(role.detail, { from: "student", to: "teacher" });
    await owner.post(`${people}/ben2/role`, { role: "student" });
    const { id } = world.user("ben2");
    assertLine(await lineAfter(() => form("ben2", "remove")), "user.removed", by);
    const trash = `${hub}admin/trash/${id}`;
    assertLine(await lineAfter(() => tom.post(`${trash}/restore`)), "user.restored", by);
    await form("ben2", "remove");
    const erased = await lineAfter(() => owner.post(`${trash}/erase`, { confirm: "ben2" }));
    assert.deepEqual(
      [erased.action, erased.actorName, erased.subject, erased.subjectName],
      ["user.erased", "ada", id, ""],
    );
    assert.ok(erased.address !== undefined && erased.request !== undefined);
  });

  it("for what people do with their own account and sessions", async () => {
    const by = { actor: "cid", subject: "cid" };
    const firstPassword = await world.add("cid");
    const cid = world.box.client();
    const wrong = await lineAfter(() => signIn(cid, "/", "cid", "not this one"));
    assertLine(wrong, "session.refused", { actor: "anonymous", subject: "cid" });
    assertLine(
      await lineAfter(() => signIn(cid, "/", "cid", firstPassword)),
      "session.signed_in",
      by,
    );
    await cid.get(`${hub}first`);
    const chosen = { password: passwordOf("cid"), password_repeat: passwordOf("cid") };
    assertLine(await lineAfter(() => cid.post(`${hub}first`, chosen)), "password.changed", by);
    await cid.get(`${hub}account`);
    const next = { current: passwordOf("cid"), password: "a new one for cid" };
    const change = { ...next, password_repeat: next.password };
    assertLine(
      await lineAfter(() => cid.post(`${hub}change-password`, change)),
      "password.changed",
      by,
    );
    assertLine(await lineAfter(() => cid.post(`${hub}logout`)), "session.signed_out", by);
    await signIn(cid, "/", "cid", next.password);
    await cid.get(`${hub}account`);
    assertLine(
      await lineAfter(() => cid.post(`${hub}account/sign-out-everywhere`)),
      "session.signed_out_everywhere",
      by,
    );
  });

  it("for somebody whose name is nobody's, without what else was typed", async () => {
    const line = await lineAfter(() => signIn(world.box.client(), "/", "no such", "secret words"));
    assertLine(line, "session.refused", { actor: "anonymous", subject: "" });
    assert.doesNotMatch(JSON.stringify(line), /secret/);
  });

  it("for ending somebody else's sessions, and starting and stopping their notebook", async () => {
    const by = { actor: "tom", subject: "dan" };
    await world.join("dan");
    const { text } = await world.tom.get(`${people}/dan`);
    const end = /action="([^"]+\/sessions\/\w+\/end)"/.exec(text)?.[1] ?? "";
    assertLine(await lineAfter(() => world.tom.post(end)), "session.ended_by_other", by);
    await signIn(world.box.client(), "/", "dan", passwordOf("dan"));
    const all = await lineAfter(() => world.tom.post(`${people}/dan/sign-out`));
    assertLine(all, "session.ended_by_other", by);
    const started = await lineAfter(() => world.tom.post(`${people}/dan/start`));
    assertLine(started, "server.started_by_other", by);
    const stopped = await lineAfter(() => world.tom.post(`${people}/dan/stop`));
    assertLine(stopped, "server.stopped_by_other", by);
    const again = await lineAfter(() => world.tom.post(`${hub}spawn/dan`));
    assertLine(again, "server.started_by_other", by);
    const fromClass = await lineAfter(() => world.tom.post(`${hub}stop/dan`));
    assertLine(fromClass, "server.stopped_by_other", by);
    await world.box.command("PUT", "users/dan/servers/extra");
    const removed = await lineAfter(() => world.tom.post(`${hub}delete-server/dan/extra`));
    assertLine(removed, "server.removed", by);
    assert.deepEqual(removed.detail, { server: "extra" });
  });

  it("for who may join, and for joining", async () => {
    await world.tom.get(`${hub}admin/sign-up`);
    const [group] = Array.from(world.store.entries("groups"), ([, record]) => record).filter(
      ({ isDefault }) => isDefault,
    );
    const form = { class: group?.id ?? "", mode: "code", time: "lesson", places: "" };
    const opened = await lineAfter(() => world.tom.post(`${hub}admin/sign-up`, form));
    assertLine(opened, "sign_up.changed", { actor: "tom" });
    const signUp = world.store.get("groups", group?.id ?? "")?.signUp;
    assert.ok(signUp?.mode === "code");
    assert.ok(!JSON.stringify(opened).includes(signUp.code), "the code itself is not told");
    const visitor = world.box.client();
    await visitor.get(`${hub}signup`);
    const fields = { display_name: "Eli", username: "eli", class: "", step: "names" };
    const wrong = await lineAfter(() =>
      visitor.post(`${hub}signup`, { ...fields, code: "AAA-BBB" }),
    );
    assertLine(wrong, "sign_up.refused", { actor: "anonymous", subject: "eli" });
    const password = passwordOf("eli");
    const joined = await lineAfter(async () => {
      const wish = { ...fields, code: signUp.code, name: "eli" };
      await visitor.post(`${hub}signup`, wish);
      await visitor.post(`${hub}signup`, {
        ...wish,
        step: "password",
        password,
        password_repeat: password,
      });
    });
    const lines = joined.action === "user.joined" ? [joined] : (await world.audit()).slice(0, 3);
    const line = lines.find(({ action }) => action === "user.joined");
    assert.ok(line !== undefined, joined.action);
    assert.deepEqual([line.subjectName, line.address], ["eli", "127.0.0.1"]);
    const accepted = await lineAfter(() => world.tom.post(`${people}/eli/accept`));
    assertLine(accepted, "user.accepted", { actor: "tom", subject: "eli" });
  });

  it("for classes, who is in them, and the end of the hub", async () => {
    const { owner } = world;
    const api = (method: string, path: string, json: unknown = {}) =>
      owner.ask(`${hub}api/${path}`, {
        method,
        json,
        headers: { "x-xsrftoken": owner.cookie("_xsrf", hub) ?? "" },
      });
    await world.add("gil");
    const by = { actor: "ada", subject: "gil" };
    const added = await lineAfter(() => api("POST", "groups/9d"));
    assertLine(added, "group.added", { actor: "ada" });
    assert.deepEqual(added.detail, { class: "9d" });
    const joined = await lineAfter(() => api("POST", "groups/9d/users", { users: ["gil"] }));
    assertLine(joined, "group.member_added", by);
    assert.deepEqual(joined.detail, { class: "9d" });
    const changed = await lineAfter(() =>
      api("PUT", "groups/9d/properties", { "Room-9": "secret" }),
    );
    assertLine(changed, "group.changed", { actor: "ada" });
    assert.doesNotMatch(JSON.stringify(changed), /secret|Room-9/);
    const left = await lineAfter(() => api("DELETE", "groups/9d/users", { users: ["gil"] }));
    assertLine(left, "group.member_removed", by);
    const { text } = await owner.get(`${people}/gil`);
    assert.match(text, /Taken out of a class\s+<span class="why"><bdi>9d<\/bdi><\/span>/);
    const removed = await lineAfter(() => api("DELETE", "groups/9d"));
    assertLine(removed, "group.removed", { actor: "ada" });
    assert.deepEqual(removed.detail, { class: "9d", members: 0 });
    assert.equal((await api("POST", "shutdown")).status, 202);
    // Once the answer has left.
    for (let tries = 0; world.asksToEnd() === 0 && tries < 6000; tries += 1) await sleep(5);
    assert.equal(world.asksToEnd(), 1);
    const ended = (await world.audit()).find(({ action }) => action === "hub.shut_down");
    assert.deepEqual([ended?.actorName, ended?.detail], ["ada", { stopServers: false }]);
  });

  it("for commands on the box, which come from no address", async () => {
    const command = world.box.control();
    await world.add("fred");
    const line = await lineAfter(() => command.ask("/hub/api/accounts/fred", { method: "DELETE" }));
    assert.deepEqual(
      [line.action, line.actor, line.actorName, line.subjectName, line.address],
      ["user.removed", "console", "console", "fred", undefined],
    );
    assert.ok(line.request !== undefined);
  });

  it("for making and revoking an API token", async () => {
    const ida = await world.join("ida");
    const by = { actor: "ida", subject: "ida" };
    await ida.get(`${hub}token`);
    const form = { note: "a script", life: "day" };
    const made = await lineAfter(() => ida.post(`${hub}token`, form));
    assertLine(made, "token.created", by);
    assert.deepEqual(made.detail, { token: "a1", note: "a script" });
    assertLine(await lineAfter(() => ida.post(`${hub}token/a1/revoke`)), "token.revoked", by);
  });

  it("for letting others into a notebook, and for their visits", async () => {
    const uma = await world.join("uma");
    const mine = { actor: "tom", subject: "tom" };
    const api = (method: string, path: string, json: object = {}) => {
      const xsrf = world.tom.cookie("_xsrf", hub) ?? "";
      const headers = { "x-xsrftoken": xsrf };
      return world.tom.ask(`${hub}api/${path}`, { method, json, headers });
    };
    await world.tom.get(`${hub}home`);
    const made = await lineAfter(() => api("POST", "share-codes/tom/"));
    assertLine(made, "share_code.made", mine);
    assert.deepEqual(made.detail, { code: "sc_1" });
    assertLine(
      await lineAfter(() => api("DELETE", "share-codes/tom/")),
      "share_code.revoked",
      mine,
    );
    const given = await lineAfter(() => api("POST", "shares/tom/", { user: "uma" }));
    assertLine(given, "share.added", { actor: "tom", subject: "uma" });
    const back = await lineAfter(() => api("PATCH", "shares/tom/", { user: "uma" }));
    assertLine(back, "share.removed", { actor: "tom", subject: "uma" });
    const toClass = await lineAfter(() => api("POST", "shares/tom/", { group: "Class" }));
    assertLine(toClass, "share.added", mine);
    assert.deepEqual(toClass.detail, { class: "Class" });

    await api("POST", "users/tom/server");
    await uma.get(`${hub}visit/tom`);
    const begun = await lineAfter(() => uma.post(`${hub}visit/tom`));
    assertLine(begun, "visit.begun", { actor: "uma", subject: "tom" });
    await lineAfter(() => signIn(uma, "/", "uma", passwordOf("uma")));
    const ended = (await world.audit()).find(({ action }) => action === "visit.ended");
    assert.ok(ended !== undefined);
    assertLine(ended, "visit.ended", { actor: "uma", subject: "tom" });
  });

  it("in the very batch of the change, whatever was done above", () => {
    const users = new Map<string, UserRecord>();
    const sessions = new Map<string, SessionRecord>();
    let changes = 0;
    for (const batch of world.batches) {
      const lines = batch.filter(isAudit);
      // What is left of an erased person goes after the line was written that says so.
      const isErasing = batch.some((write) => "redact" in write);
      for (const write of batch) {
        if ("put" in write && write.put === "users") {
          const known = users.get(write.key);
          users.set(write.key, write.record);
          if (!isErasing && isChanged(known, write.record)) {
            changes += 1;
            const isTold = lines.some(({ audit }) => audit.subject === write.key);
            assert.ok(isTold, `a change of ${write.record.name}: ${JSON.stringify(batch)}`);
          }
        }
        if ("put" in write && write.put === "groups" && write.record.isDefault) {
          changes += 1;
          const told = lines.some(({ audit }) => /^(sign_up|user)\./.test(audit.action));
          assert.ok(told, "a change of who may join");
        }
        if ("put" in write && write.put === "sessions") sessions.set(write.key, write.record);
        if ("remove" in write && write.remove === "sessions" && !isErasing) {
          changes += 1;
          const owner = sessions.get(write.key)?.userId;
          const isTold = lines.some(({ audit }) => audit.subject === owner);
          assert.ok(isTold, `an ended session: ${JSON.stringify(batch)}`);
        }
      }
    }
    assert.ok(changes >= 30, `${changes} changes were looked at`);
  });

  it("and of every kind that there is a writer for", async () => {
    await world.owner.get(`${hub}admin/audit.csv`);
    const seen = new Set((await world.audit()).map(({ action }) => action));
    const missing = ALL.filter((action) => !seen.has(action));
    // Those two are of the box itself: its own tests write them.
    assert.deepEqual(missing, ["settings.changed", "store.restored"]);
  });
});

const ALL = Object.keys({
  "setup.done": 0,
  "user.added": 0,
  "user.joined": 0,
  "user.accepted": 0,
  "user.renamed": 0,
  "user.disabled": 0,
  "user.enabled": 0,
  "user.removed": 0,
  "user.restored": 0,
  "user.erased": 0,
  "user.role_changed": 0,
  "password.reset": 0,
  "password.changed": 0,
  "session.signed_in": 0,
  "session.refused": 0,
  "session.signed_out": 0,
  "session.signed_out_everywhere": 0,
  "session.ended_by_other": 0,
  "token.created": 0,
  "token.revoked": 0,
  "share.added": 0,
  "share.removed": 0,
  "share_code.made": 0,
  "share_code.revoked": 0,
  "visit.begun": 0,
  "visit.ended": 0,
  "sign_up.changed": 0,
  "sign_up.refused": 0,
  "group.added": 0,
  "group.removed": 0,
  "group.changed": 0,
  "group.member_added": 0,
  "group.member_removed": 0,
  "settings.changed": 0,
  "store.restored": 0,
  "audit.exported": 0,
  "hub.shut_down": 0,
  "server.started_by_other": 0,
  "server.stopped_by_other": 0,
  "server.removed": 0,
} satisfies Record<AuditAction, 0>) as AuditAction[]; // The keys are what they are above.

/** What a request leaves on everyone who makes one is no change. */
function isChanged(before: UserRecord | undefined, after: UserRecord): boolean {
  const bare = (user: UserRecord | undefined): string =>
    JSON.stringify({ ...user, lastActivity: "", lastSignIn: "" });
  return bare(before) !== bare(after);
}

describe("the audit in a browser and for commands", () => {
  interface Listed {
    readonly action: string;
    readonly actor_name: string;
    readonly subject_name: string | null;
  }
  async function list(client: HttpClient, query = ""): Promise<readonly Listed[]> {
    const { text, status } = await client.get(`${hub}api/audit${query}`);
    assert.equal(status, 200, text);
    return (JSON.parse(text) as { records: readonly Listed[] }).records;
  }

  it("is everything for owners, and what concerns their class for teachers", async () => {
    const all = await list(world.owner, "?limit=10000");
    assert.equal(all.length, (await world.audit()).length);
    const names = new Set((await list(world.tom, "?limit=10000")).map((line) => line.subject_name));
    assert.ok(names.has("dan") && !names.has("ada") && !names.has("eve"));
    const own = await list(world.eve);
    assert.ok(own.length > 0);
    assert.ok(own.every((line) => [line.actor_name, line.subject_name].includes("eve")));
  });

  it("can be about one person, whatever the spelling, and no more than asked for", async () => {
    const about = await list(world.tom, "?about=DAN&limit=3");
    assert.equal(about.length, 3);
    assert.ok(about.every((line) => line.subject_name === "dan" || line.actor_name === "dan"));
    const trashed = await list(world.owner, "?about=fred");
    assert.equal(trashed[0]?.action, "user.removed");
  });

  it("refuses students, strangers' names and what is no number", async () => {
    const dan = world.box.client();
    await signIn(dan, "/", "dan", passwordOf("dan"));
    for (const [client, path, status] of [
      [dan, "audit", 403],
      [world.box.client(), "audit", 403],
      [world.eve, "audit?about=dan", 404],
      [world.eve, "audit?about=nobody", 404],
      [world.owner, "audit?limit=many", 400],
      [world.owner, "audit?limit=0", 400],
    ] as const) {
      assert.equal((await client.get(`${hub}api/${path}`)).status, status, path);
    }
  });

  it("can be taken out as a table, which is told", async () => {
    const { headers, text } = await world.owner.get(`${hub}admin/audit.csv`);
    assert.equal(headers["content-type"], "text/csv; charset=utf-8");
    assert.match(
      headers["content-disposition"] ?? "",
      /^attachment; filename="homeroom-audit-\d{4}-\d\d-\d\d\.csv"$/,
    );
    assert.ok(text.startsWith("\ufefftime (UTC),action,"));
    const rows = Papa.parse<string[]>(text.slice(1), { skipEmptyLines: true }).data;
    assert.equal(rows.length - 1, (await world.audit()).length);
    assert.deepEqual([rows[1]?.[1], rows[1]?.[3]], ["audit.exported", "ada"]);
    const eves = await world.eve.get(`${hub}admin/audit.csv`);
    const lines = Papa.parse<string[]>(eves.text.slice(1), { skipEmptyLines: true }).data.slice(1);
    assert.ok(lines.length > 1 && lines.every((row) => row[3] === "eve" || row[5] === "eve"));
  });
});
