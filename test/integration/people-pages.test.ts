/** The list of people, a person's page, and the trash, as a browser without scripts gets them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import {
  type PeopleWorld,
  createPeopleWorld,
  hub,
  passwordOf,
  people,
  refusalOn,
} from "#test/support/people-world.ts";
import { firstPasswordOn, signIn } from "#test/support/test-hub.ts";

let world: PeopleWorld;
before(async () => {
  world = await createPeopleWorld();
});
after(() => world[Symbol.asyncDispose]());

const location = (answer: Answer): string => answer.headers.location ?? "";

/**
 * Without what differs between any two pages, and without what is made by chance: a token or an id may have a short
 * name in it.
 */
function plain({ text }: Answer, name: string): string {
  return text
    .replaceAll(/ data-now="[^"]*"|[A-Z]\d+-\d+|<time .*?<\/time>/gs, "")
    .replaceAll(/(?<=name="(?:_xsrf|id)" value=")[^"]*/g, "")
    .replaceAll(new RegExp(`\\b${name}\\b`, "g"), "x");
}

describe("the list of people", () => {
  it("shows owners everyone, with class, role, last sign-in and where the account stands", async () => {
    await world.add("new1", "Never <i>In");
    const { text } = await world.owner.get(people);
    for (const name of ["ada", "tom", "eve", "new1"]) {
      assert.ok(text.includes(`<a href="${people}/${name}">`), name);
    }
    assert.match(text, /<bdi>8C<\/bdi>/);
    assert.match(text, /Never &lt;i&gt;In/);
    const row = /<tr data-state="first_password">.*?<\/tr>/s.exec(text)?.[0] ?? "";
    assert.match(row, /new1.*First password not used yet.*Student.*Never/s);
  });

  it("shows teachers their own class, and leads to what is about people", async () => {
    const { text, status } = await world.eve.get(people);
    assert.equal(status, 200);
    assert.ok(!text.includes(">tom<") && !text.includes(">new1<"));
    for (const path of [
      `${people}/add`,
      `${hub}admin/trash`,
      `${hub}admin/audit.csv`,
      `${hub}admin/sign-up`,
    ]) {
      assert.ok(text.includes(`href="${path}"`), path);
    }
  });

  it("is not for students", async () => {
    const ann = await world.join("ann", "Ann");
    for (const path of [people, `${people}/ann`, `${hub}admin/trash`, `${hub}admin/audit.csv`]) {
      assert.equal((await ann.get(path)).status, 403, path);
    }
  });
});

describe("a person's page", () => {
  it("shows what is known, to the teacher of the class and to owners", async () => {
    await world.join("kim", "Kim Young");
    for (const client of [world.owner, world.tom]) {
      const { text, status } = await client.get(`${people}/kim`);
      assert.equal(status, 200);
      assert.match(text, /<h1><bdi>Kim Young<\/bdi><\/h1>/);
      assert.match(text, /by <bdi>ada<\/bdi>/);
      assert.match(text, /<dd>.*?0 kB.* in <?.*0 files/s);
      assert.match(text, /Account added/);
      assert.match(text, /Signed in/);
      assert.match(text, /<bdi dir="ltr">127\.0\.0\.1<\/bdi> <span class="user">\(<bdi>/);
    }
  });

  it("does not exist for other teachers, as nobody's page does not", async () => {
    await world.join("lee", "Lee");
    const strange = await world.eve.get(`${people}/lee`);
    const nobody = await world.eve.get(`${people}/qqq`);
    assert.deepEqual([strange.status, nobody.status], [404, 404]);
    assert.equal(plain(strange, "lee"), plain(nobody, "qqq"));
  });

  it("has one address, to which other spellings lead", async () => {
    await world.add("maria");
    for (const spelling of ["MARIA", "Mar%C3%ADa", "%20maria"]) {
      const answer = await world.owner.get(`${people}/${spelling}`);
      assert.deepEqual([answer.status, location(answer)], [302, `${people}/maria`], spelling);
    }
  });

  it("offers each visitor only what they may do", async () => {
    await world.add("ona");
    const actions = async (client: HttpClient, name: string): Promise<string[]> => {
      const { text } = await client.get(`${people}/${name}`);
      const found = text.matchAll(/(?:action|href)="\/hub\/admin\/people\/[^/"]+\/([a-z-]+)"/g);
      return [...new Set(Array.from(found, (match) => match[1] ?? ""))].toSorted();
    };
    assert.deepEqual(await actions(world.owner, "ona"), [
      "disable",
      "log",
      "remove",
      "rename",
      "reset",
      "role",
      "start",
    ]);
    assert.deepEqual(await actions(world.tom, "ona"), [
      "disable",
      "log",
      "remove",
      "rename",
      "reset",
      "start",
    ]);
    assert.deepEqual(await actions(world.owner, "ada"), [
      "log",
      "rename",
      "role",
      "sign-out",
      "start",
    ]);
  });

  it("says when the files cannot be counted", async () => {
    await world.add("pia");
    world.homes.failure = new HubError("docker_unreachable", { detail: "ENOENT" });
    const { status, text } = await world.owner.get(`${people}/pia`);
    world.homes.failure = undefined;
    assert.equal(status, 200);
    assert.match(text, /Docker does not answer/);
  });
});

describe("a person's names", () => {
  it("are changed on the page, which has a new address then", async () => {
    const nina = await world.join("nina", "Nina");
    const form = { username: "Nína2", display_name: "Nina Ricci" };
    const answer = await world.tom.post(`${people}/NINA/rename`, form);
    assert.deepEqual(
      [answer.status, location(answer)],
      [302, `${people}/nina2?notice=renamed`],
      answer.text,
    );
    const page = await world.tom.get(location(answer));
    assert.match(page.text, /The names are saved/);
    assert.match(page.text, /From <bdi>nina<\/bdi> to <bdi>nina2<\/bdi>/);
    assert.equal((await nina.get(`${hub}home`)).status, 200, "the session goes on");
    assert.equal((await world.tom.get(`${people}/nina`)).status, 404);
  });

  it("that cannot be had are refused beside the field, with what was typed", async () => {
    await world.add("otto", "Otto");
    for (const [username, display_name, status, words] of [
      ["ada", "Otto", 409, "There is already someone with the user name ada."],
      ["two words", "Otto", 400, "it has a space in it"],
      ["con", "Otto", 400, "the box uses that name itself"],
      ["", "Otto", 400, "A user name cannot be empty."],
      ["otto", "  ", 400, "Type a name."],
      ["otto", "x".repeat(101), 400, "at most 100 characters"],
    ] as const) {
      const answer = await world.owner.post(`${people}/otto/rename`, { username, display_name });
      assert.equal(answer.status, status, username);
      assert.match(answer.text, /<h1><bdi>Otto<\/bdi><\/h1>/);
      assert.ok(refusalOn(answer).includes(words), refusalOn(answer));
      assert.match(answer.text, /aria-invalid="true"/);
      if (username !== "") assert.ok(answer.text.includes(`value="${username}"`));
    }
    assert.equal(world.user("otto").displayName, "Otto");
  });

  it("sent twice are changed once, and lead to the same page", async () => {
    await world.add("paul");
    const form = { username: "paula", display_name: "Paula", id: world.user("paul").id };
    const [one, two] = [
      await world.owner.post(`${people}/paul/rename`, form),
      await world.owner.post(`${people}/paul/rename`, form),
    ];
    assert.deepEqual(
      [location(one), location(two)],
      Array(2).fill(`${people}/paula?notice=renamed`),
    );
    const lines = (await world.audit()).filter(({ action }) => action === "user.renamed");
    assert.equal(lines.filter(({ subject }) => subject === world.user("paula").id).length, 1);
  });
});

describe("locking", () => {
  it("signs the person out and keeps them out, until it is taken back", async () => {
    const rita = await world.join("rita", "Rita");
    const locked = await world.tom.post(`${people}/rita/disable`);
    assert.equal(location(locked), `${people}/rita?notice=disabled`);
    const page = await world.tom.get(location(locked));
    assert.match(page.text, /class="tag locked">Locked/);
    assert.match(page.text, /action="\/hub\/admin\/people\/rita\/enable"/);
    assert.doesNotMatch(page.text, /people\/rita\/start/);
    assert.equal((await rita.get(`${hub}home`)).status, 302);
    assert.notEqual(
      (await signIn(world.box.client(), "/", "rita", passwordOf("rita"))).status,
      302,
    );
    assert.match((await world.tom.get(people)).text, /<tr data-state="locked">.*?Rita/s);
    const again = await world.tom.post(`${people}/rita/disable`);
    assert.equal(again.status, 302, "locking twice is no error");
    const open = await world.tom.post(`${people}/rita/enable`);
    assert.equal(location(open), `${people}/rita?notice=enabled`);
    assert.equal((await signIn(world.box.client(), "/", "rita", passwordOf("rita"))).status, 302);
  });

  it("oneself is refused on the page", async () => {
    const answer = await world.owner.post(`${people}/ada/disable`);
    assert.equal(answer.status, 409);
    assert.match(answer.text, /<h1><bdi>Ada Lovelace<\/bdi><\/h1>/);
    assert.match(refusalOn(answer), /only owner/);
  });
});

describe("roles", () => {
  it("are changed by owners alone", async () => {
    await world.add("sam");
    const refused = await world.tom.post(`${people}/sam/role`, { role: "owner" });
    assert.equal(refused.status, 403);
    assert.equal(world.user("sam").role, "student");
    const changed = await world.owner.post(`${people}/sam/role`, { role: "teacher" });
    assert.equal(location(changed), `${people}/sam?notice=role_changed`);
    assert.equal(world.user("sam").role, "teacher");
    assert.match((await world.owner.get(`${people}/sam`)).text, /From Student to Teacher/);
    const odd = await world.owner.post(`${people}/sam/role`, { role: "king" });
    assert.equal(odd.status, 400);
    assert.match(odd.text, /<h1><bdi>sam<\/bdi><\/h1>/);
  });

  it("of the last owner stay, and the page says why", async () => {
    const answer = await world.owner.post(`${people}/ada/role`, { role: "student" });
    assert.equal(answer.status, 409);
    assert.match(refusalOn(answer), /ada is the only owner/);
    assert.equal((await world.owner.get(people)).status, 200);
  });
});

describe("a person's devices", () => {
  it("can be signed out one by one, and all", async () => {
    const uma = await world.join("uma", "Uma");
    const second = world.box.client();
    await signIn(second, "/", "uma", passwordOf("uma"));
    const { text } = await world.tom.get(`${people}/uma`);
    const ends = Array.from(
      text.matchAll(/action="([^"]+\/sessions\/\w+\/end)"/g),
      ([, url]) => url,
    );
    assert.equal(ends.length, 2);
    const first = ends[1] ?? "";
    const ended = await world.tom.post(first);
    assert.equal(location(ended), `${people}/uma?notice=session_ended`);
    const again = await world.tom.post(first);
    assert.equal(location(again), `${people}/uma?notice=session_ended`);
    const open = [await uma.get(`${hub}home`), await second.get(`${hub}home`)];
    assert.deepEqual(new Set(open.map(({ status }) => status)), new Set([200, 302]));
    const all = await world.tom.post(`${people}/uma/sign-out`);
    assert.equal(location(all), `${people}/uma?notice=signed_out`);
    for (const client of [uma, second]) assert.equal((await client.get(`${hub}home`)).status, 302);
  });

  it("of somebody else are not ended through this person", async () => {
    await world.join("vera");
    await world.join("will");
    const { text } = await world.tom.get(`${people}/vera`);
    const url = /action="([^"]+\/sessions\/\w+\/end)"/.exec(text)?.[1] ?? "";
    await world.tom.post(url.replace("/vera/", "/will/"));
    assert.match((await world.tom.get(`${people}/vera`)).text, /sessions\/\w+\/end/);
  });
});

describe("a person's notebook", () => {
  it("is started and stopped from the page", async () => {
    await world.add("xena");
    const started = await world.tom.post(`${people}/xena/start`);
    assert.equal(location(started), `${people}/xena?notice=server_started`);
    for (let tries = 0; tries < 1200; tries += 1) {
      if (/people\/xena\/stop/.test((await world.tom.get(`${people}/xena`)).text)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const running = await world.tom.get(`${people}/xena`);
    assert.match(running.text, /started generation 1/, "the end of the log");
    const stopped = await world.tom.post(`${people}/xena/stop`);
    assert.equal(location(stopped), `${people}/xena?notice=server_stopped`);
  });

  it("that cannot be started says so on the page, with the status of that", async () => {
    await world.add("yana");
    await world.tom.post(`${people}/yana/disable`);
    const answer = await world.tom.post(`${people}/yana/start`);
    assert.equal(answer.status, 403);
    assert.match(refusalOn(answer), /The account yana is locked/);
    assert.match(answer.text, /<h1><bdi>yana<\/bdi><\/h1>/);
  });
});

describe("a new first password", () => {
  it("is shown once, and leads back to where it was asked for", async () => {
    await world.add("zoe");
    const answer = await world.tom.post(`${people}/zoe/reset`, { back: "person" });
    const shown = await world.tom.get(location(answer));
    assert.ok(firstPasswordOn(shown.text).length > 8);
    assert.match(shown.text, /href="\/hub\/admin\/people\/zoe">Back to the person/);
    assert.doesNotMatch((await world.tom.get(location(answer))).text, /<textarea/);
    const fromClass = await world.tom.post(`${people}/zoe/reset`);
    const page = await world.tom.get(location(fromClass));
    assert.match(page.text, /href="\/hub\/admin">Back to the class/);
  });
});

describe("every form about a person", () => {
  const forms = [
    ["rename", { username: "other", display_name: "Other" }],
    ["disable", {}],
    ["enable", {}],
    ["role", { role: "owner" }],
    ["sign-out", {}],
    ["sessions/abcdefghabcdefgh/end", {}],
    ["start", {}],
    ["stop", {}],
    ["reset", {}],
    ["remove", {}],
  ] as const;

  it("does nothing for somebody else's teacher, who is told what would be said of nobody", async () => {
    await world.add("bea");
    const before = world.user("bea");
    for (const [action, form] of forms) {
      if (action === "role") continue;
      const strange = await world.eve.post(`${people}/bea/${action}`, form);
      const nobody = await world.eve.post(`${people}/qqq/${action}`, form);
      assert.equal(strange.status, 404, action);
      assert.match(refusalOn(strange), /There is nobody with the user name bea\./);
      assert.match(strange.text, /<h1>People<\/h1>/, "the list says it, not a bare page");
      assert.equal(plain(strange, "bea"), plain(nobody, "qqq"), action);
    }
    assert.deepEqual(world.user("bea"), before);
  });

  it("does nothing for teachers to owners, to colleagues and to themselves", async () => {
    for (const name of ["ada", "tom", "eve"]) {
      const before = world.user(name);
      for (const [action, form] of forms) {
        const answer = await world.tom.post(`${people}/${name}/${action}`, form);
        assert.ok([403, 404].includes(answer.status), `${name} ${action} ${answer.status}`);
      }
      assert.deepEqual({ ...world.user(name), lastActivity: "" }, { ...before, lastActivity: "" });
    }
  });

  it("does nothing for students and for whoever is not signed in", async () => {
    await world.add("cleo");
    const before = world.user("cleo");
    const ann = world.box.client();
    await signIn(ann, "/", "ann", passwordOf("ann"));
    const nobody = world.box.client();
    await nobody.get(`${hub}login`);
    for (const client of [ann, nobody]) {
      await client.get(`${hub}login`);
      for (const [action, form] of forms) {
        for (const name of ["cleo", "ann"]) {
          const answer = await client.post(`${people}/${name}/${action}`, form);
          assert.equal(answer.status, 403, `${name} ${action}`);
        }
      }
    }
    assert.deepEqual(world.user("cleo"), before);
  });

  it("is refused without its token", async () => {
    await world.add("dora");
    for (const [action, form] of forms) {
      const answer = await world.owner.post(`${people}/dora/${action}`, { ...form, _xsrf: "no" });
      assert.equal(answer.status, 403, action);
    }
    assert.equal(world.user("dora").disabled, undefined);
  });

  it("is about the person whose page it stands on, whoever has the name by then", async () => {
    await world.add("mara");
    const { id } = world.user("mara");
    const pages = [`${people}/mara`, `${people}/mara/remove`];
    const texts = await Promise.all(pages.map(async (path) => (await world.owner.get(path)).text));
    for (const text of texts) {
      const found = text.split("<form").filter((form) => form.includes("/people/mara/"));
      assert.ok(found.length > 0);
      for (const form of found) assert.match(form, new RegExp(`name="id" value="${id}"`));
    }
    await world.owner.post(`${people}/mara/rename`, { username: "mara.old", display_name: "Mara" });
    await world.add("mara");
    const newcomer = world.user("mara");
    await world.owner.post(`${people}/mara/disable`, { id });
    assert.notEqual(world.user("mara.old").disabled, undefined);
    await world.owner.post(`${people}/mara/remove`, { id });
    assert.throws(() => world.user("mara.old"));
    // Nobody is in her place now.
    for (const [action, form] of forms) {
      const answer = await world.owner.post(`${people}/mara/${action}`, { ...form, id });
      assert.equal(answer.status, 404, action);
    }
    assert.deepEqual(world.user("mara"), newcomer);
  });

  it("says on the list that the person is gone meanwhile", async () => {
    for (const [action, form] of forms) {
      const name = `gone.${action.slice(0, 4)}`;
      await world.add(name);
      await world.owner.post(`${people}/${name}/remove`);
      const answer = await world.owner.post(`${people}/${name}/${action}`, form);
      assert.equal(answer.status, 404, action);
      assert.equal(refusalOn(answer), `There is nobody with the user name ${name}.`);
      assert.match(answer.text, /<h1>People<\/h1>/);
    }
  });
});
