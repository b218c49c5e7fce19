/** Signing in while somebody guesses, and the list of browsers in which a person is signed in: over HTTP. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { after, before, describe, it } from "node:test";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import { MovableClock } from "#test/support/people.ts";
import { type TestHub, type TestHubOptions, createTestHub } from "#test/support/test-hub.ts";

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1";
const LOGIN = "/hub/login";

function createFakeHub(
  config: TestHubOptions["config"] = {},
  more: TestHubOptions["overrides"] = {},
): Promise<TestHub> {
  const overrides = { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() }, ...more };
  return createTestHub({ config, overrides });
}

async function addPeople(box: TestHub, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const json = { name, password: passwordOf(name) };
    const answer = await box.control().ask("/hub/api/accounts", { method: "POST", json });
    assert.equal(answer.status, 201, answer.text);
  }
}

function passwordOf(name: string): string {
  return `${name} likes cold tea`;
}

async function signIn(
  client: HttpClient,
  name: string,
  options: { password?: string; agent?: string; keep?: boolean } = {},
): Promise<Answer> {
  const { password = passwordOf(name), agent = FIREFOX, keep = false } = options;
  await client.get(LOGIN);
  const form = { username: name, password, ...(keep ? { keep: "1" } : {}) };
  return client.post(LOGIN, form, { headers: { "user-agent": agent } });
}

function setCookie(answer: Answer, name: string): string {
  return answer.headers["set-cookie"]?.find((text) => text.startsWith(`${name}=`)) ?? "";
}

describe("a guesser in the same room", () => {
  const names = Array.from({ length: 30 }, (_, index) => `student${index}`);
  let box: TestHub;
  before(async () => {
    box = await createFakeHub();
    await addPeople(box, names);
  });
  after(() => box[Symbol.asyncDispose]());

  it("who sprays all names and hammers at one keeps none of thirty newcomers out", async () => {
    const guesser = box.client();
    await guesser.get(LOGIN);
    const statuses = new Map<number, number>();
    const over = new AbortController();
    const guessing = Array.from({ length: 8 }, async (_, lane) => {
      for (let round = lane; !over.signal.aborted; round += 8) {
        const known = round % 2 === 0 ? "student0" : `student${round % 30}`;
        const username = round % 5 === 0 ? `nobody${round}` : known;
        const { status } = await guesser.post(LOGIN, { username, password: `guess ${round}` });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    while ((statuses.get(503) ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const answers = await Promise.all(
      names.map(async (name) => {
        const client = box.client();
        if (name === "student7") {
          const slip = await signIn(client, name, { password: "a slip of the finger" });
          assert.equal(slip.status, 403);
        }
        return signIn(client, name);
      }),
    );
    over.abort();
    await Promise.all(guessing);
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(30).fill(302),
    );
    assert.deepEqual(new Set(statuses.keys()), new Set([403, 429, 503]));
  });
});

describe("a guesser", () => {
  let box: TestHub;
  before(async () => {
    // No wait is over before the test is.
    box = await createFakeHub({}, { clock: new MovableClock() });
    await addPeople(box, ["student1", "student2", "student3", "student4"]);
  });
  after(() => box[Symbol.asyncDispose]());

  it("does not keep a person out of a browser that they used before", async () => {
    const [own, guesser] = [box.client(), box.client()];
    assert.equal((await signIn(own, "student1")).status, 302);
    await own.post("/hub/logout");
    for (let tries = 0; tries < 30; tries += 1) {
      await signIn(guesser, "student1", { password: "a guess" });
      await signIn(box.client(), "student1", { password: "a guess of another page" });
    }
    assert.equal((await signIn(box.client(), "student1")).status, 429);
    assert.equal((await signIn(own, "student1")).status, 302);
  });

  it("gains nothing by the browser cookie of an own good account", async () => {
    const guesser = box.client();
    await signIn(guesser, "student2");
    await guesser.post("/hub/logout");
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries += 1) {
      statuses.push((await signIn(guesser, "student3", { password: "a guess" })).status);
    }
    assert.deepEqual(statuses.slice(-4), [429, 429, 429, 429]);
    assert.equal(
      (await signIn(box.client(), "student3")).status,
      302,
      "a page that is new gets in",
    );
  });

  it("who does not wait for the answers leaves the line at once", async () => {
    const client = box.client();
    await client.get(LOGIN);
    const fields = { _xsrf: client.cookie("_xsrf", LOGIN) ?? "", password: "a guess" };
    const sent = Array.from({ length: 60 }, async (_, index) => {
      const request = httpRequest(`${box.origin}${LOGIN}`, {
        method: "POST",
        agent: false,
        headers: {
          cookie: client.cookieHeader(LOGIN),
          "content-type": "application/x-www-form-urlencoded",
        },
      });
      request.on("error", () => {});
      request.end(new URLSearchParams({ ...fields, username: `gone${index}` }).toString());
      await once(request, "finish");
      return request;
    });
    const requests = await Promise.all(sent);
    for (const request of requests) request.destroy();
    assert.equal((await signIn(box.client(), "student4")).status, 302);
    const { text } = await box.control().get("/hub/api/audit?limit=200");
    // Who came before them in the line has been answered by now.
    const evaluated = text.match(/gone\d+/g)?.length ?? 0;
    assert.ok(evaluated < 30, `${evaluated} were evaluated all the same`);
  });

  it("gets the same answer whatever was wrong", async () => {
    await addPeople(box, ["locked", "bare"]);
    const answer = await box.control().ask("/hub/api/accounts/locked", {
      method: "PATCH",
      json: { disabled: true },
    });
    assert.equal(answer.status, 200, answer.text);
    const seen = new Set<string>();
    for (const [name, password] of [
      ["student4", "wrong password"],
      ["nobody-at-all", "wrong password"],
      ["locked", "wrong password"],
      ["student4", ""],
      ["nobody-at-all", ""],
      ["locked", ""],
    ] as const) {
      const client = box.client();
      const { status, headers, text } = await signIn(client, name, { password });
      const { date: _date, "set-cookie": cookies, ...others } = headers;
      const plain = text
        .replaceAll(name, "NAME")
        .replaceAll(client.cookie("_xsrf", LOGIN) ?? "", "TOKEN")
        .replaceAll(/data-now="[^"]*"/g, "");
      const length = Number(others["content-length"]) - name.length;
      const kept = cookies?.length ?? 0;
      seen.add(
        JSON.stringify({ status, others: { ...others, "content-length": length }, plain, kept }),
      );
    }
    assert.equal(seen.size, 1, [...seen].join("\n"));
  });
});

describe("the cookie that tells a browser", () => {
  let box: TestHub;
  before(async () => {
    box = await createFakeHub();
    await addPeople(box, ["sam", "alex"]);
  });
  after(() => box[Symbol.asyncDispose]());

  it("is for the sign-in alone: no script reads it, and it goes nowhere but below the hub", async () => {
    const answer = await signIn(box.client(), "sam");
    assert.match(
      setCookie(answer, "homeroom-device"),
      /^homeroom-device=[\w-]{22}\.[\w-]{12}; Path=\/hub\/; Max-Age=34560000; HttpOnly; SameSite=Lax$/,
    );
  });

  it("opens nothing", async () => {
    const client = box.client();
    const device = setCookie(await signIn(client, "sam"), "homeroom-device").split(";")[0] ?? "";
    const answer = await box.client().get("/hub/home", { headers: { cookie: device } });
    assert.match(answer.headers.location ?? "", /^\/hub\/login/);
  });

  it("never is an error, whatever is in it", async () => {
    const good =
      setCookie(await signIn(box.client(), "sam"), "homeroom-device").split(";")[0] ?? "";
    for (const value of [
      "homeroom-device=",
      "homeroom-device=x",
      `homeroom-device=${"x".repeat(4000)}`,
      `${good}x`,
      `${good}; ${good}`,
      `${good}; homeroom-device=planted`,
      'homeroom-device="__proto__"',
      "homeroom-device=%00%0d%0a",
    ]) {
      const client = box.client();
      const page = await client.get(LOGIN, { headers: { cookie: value } });
      assert.equal(page.status, 200, value.slice(0, 80));
      const cookie = `${client.cookieHeader(LOGIN)}; ${value}`;
      const form = { username: "sam", password: passwordOf("sam") };
      const answer = await client.post(LOGIN, form, { headers: { cookie } });
      assert.equal(answer.status, 302, value.slice(0, 80));
    }
  });

  it("stays known when the person changes the password there", async () => {
    const client = box.client();
    await signIn(client, "alex");
    const before = client.cookie("homeroom-device", LOGIN);
    const next = "alex likes warm tea";
    await client.post("/hub/change-password", {
      current: passwordOf("alex"),
      password: next,
      password_repeat: next,
    });
    const renewed = client.cookie("homeroom-device", LOGIN);
    assert.notEqual(renewed, before);
    await client.post("/hub/logout");
    for (let tries = 0; tries < 8; tries += 1) {
      const other = box.client();
      await other.get(LOGIN);
      await other.post(LOGIN, { username: "alex", password: "a guess" });
    }
    assert.equal((await signIn(client, "alex", { password: next })).status, 302);
  });
});

describe("where a person is signed in", () => {
  let box: TestHub;
  before(async () => {
    box = await createFakeHub();
    await box.setUp();
    await addPeople(box, ["sam", "alex", "kim", "lee", "noor"]);
  });
  after(() => box[Symbol.asyncDispose]());

  async function sessionsOf(
    name: string,
  ): Promise<{ id: string; device: string; kept: boolean }[]> {
    const { text } = await box.control().get(`/hub/api/accounts/${name}/sessions`);
    return JSON.parse(text).sessions;
  }

  it("ends with the browser on a shared computer, and stays on an own one", async () => {
    const shared = await signIn(box.client(), "kim");
    const own = await signIn(box.client(), "kim", { keep: true });
    for (const name of ["jupyterhub-hub-login", "jupyterhub-session-id"]) {
      assert.doesNotMatch(setCookie(shared, name), /Max-Age|Expires/);
      assert.match(setCookie(own, name), /; Max-Age=1209600;/);
    }
    const kept = (await sessionsOf("kim")).map((session) => session.kept);
    assert.deepEqual(new Set(kept), new Set([false, true]));
    assert.equal(kept.length, 2);
  });

  it("begins once with a double click, and leads on", async () => {
    await addPeople(box, ["impatient"]);
    const client = box.client();
    await client.get("/hub/login");
    const form = {
      _xsrf: client.cookie("_xsrf", "/hub/") ?? "",
      username: "Impatient ",
      password: passwordOf("impatient"),
    };
    for (const _click of [1, 2]) {
      const answer = await client.ask("/hub/login", { method: "POST", form });
      assert.deepEqual([answer.status, answer.headers.location], [302, "/hub/home"], answer.text);
    }
    assert.equal((await sessionsOf("impatient")).length, 1);
    const other = await client.ask("/hub/login", {
      method: "POST",
      form: { ...form, username: "kim" },
    });
    assert.equal(other.status, 403);
    assert.match(other.text, /open for too long/);
  });

  it("is over once, however often they say so", async () => {
    await addPeople(box, ["twice"]);
    const client = box.client();
    assert.equal((await signIn(client, "twice")).status, 302);
    await client.get("/hub/home");
    const form = { _xsrf: client.cookie("_xsrf", "/hub/") ?? "" };
    for (const _click of [1, 2, 3]) {
      const answer = await client.ask("/hub/logout", { method: "POST", form });
      assert.equal(answer.status, 302, answer.text);
      assert.equal(answer.headers.location, "/hub/login?notice=signed_out");
    }
    assert.equal((await client.get("/hub/home")).status, 302);
  });

  it("goes on when they type the bare address of the box, or one that there is not", async () => {
    const kim = box.client();
    assert.equal((await signIn(kim, "kim")).status, 302);
    for (const path of ["/", "/favicon.ico", "/hub", "/nope", "/hub/nope"]) {
      await kim.get(path);
      assert.equal((await kim.get("/hub/account")).status, 200, path);
    }
  });

  it("takes no session that somebody planted in the browser before", async () => {
    const attacker = box.client();
    await signIn(attacker, "alex");
    const planted = attacker.tab();
    const answer = await signIn(planted, "sam");
    assert.equal(answer.status, 302, "the attacker's session is over, a new one begins");
    assert.notEqual(
      planted.cookie("jupyterhub-hub-login", "/hub/"),
      attacker.cookie("jupyterhub-hub-login", "/hub/"),
    );
    const unknown = { cookie: `jupyterhub-hub-login=${"A".repeat(43)}` };
    const page = await box.client().get(LOGIN, { headers: unknown });
    assert.match(
      setCookie(page, "jupyterhub-hub-login"),
      /Max-Age=0/,
      "what is unknown is taken back",
    );
    const home = await box.client().get("/hub/home", { headers: unknown });
    assert.match(home.headers.location ?? "", /^\/hub\/login/);
  });

  it("is listed on the account's page, and can be ended there one by one", async () => {
    const [here, phone] = [box.client(), box.client()];
    await signIn(here, "lee");
    await signIn(phone, "lee", { agent: IPHONE });
    const page = await here.get("/hub/account");
    assert.match(page.text, /Firefox on Windows[^]*This device[^]*Safari on iPhone/);
    assert.equal(page.text.match(/\/end"/g)?.length, 1, "none for this one");
    const [, url = ""] =
      /action="(\/hub\/account\/sessions\/[a-z2-7]{16}\/end)"/.exec(page.text) ?? [];
    const ended = await here.post(url);
    assert.equal(ended.headers.location, "/hub/account?ended=1");
    assert.match((await here.get("/hub/account?ended=1")).text, /That device is signed out/);
    const gone = await phone.get("/hub/home");
    assert.match(gone.headers.location ?? "", /^\/hub\/login/);
    assert.equal((await here.get("/hub/home")).status, 200);
    assert.equal((await here.post(url)).headers.location, "/hub/account", "twice does no harm");
  });

  it("is nobody else's business", async () => {
    const [sam, alex] = [box.client(), box.client()];
    await signIn(sam, "sam");
    await signIn(alex, "alex");
    const [own] = await sessionsOf("alex");
    const id = own?.id ?? "";
    await sam.post(`/hub/account/sessions/${id}/end`);
    assert.equal((await alex.get("/hub/home")).status, 200);
    const xsrf = sam.cookie("_xsrf", "/hub/") ?? "";
    for (const [method, path, status] of [
      ["GET", "/hub/api/accounts/alex/sessions", 404],
      ["DELETE", "/hub/api/accounts/alex/sessions", 404],
      ["DELETE", `/hub/api/accounts/alex/sessions/${id}`, 404],
      ["DELETE", `/hub/api/accounts/sam/sessions/${id}`, 404],
      ["GET", "/hub/api/accounts/sam/sessions", 200],
    ] as const) {
      const answer = await sam.ask(path, { method, headers: { "x-xsrftoken": xsrf } });
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    }
    assert.equal((await alex.get("/hub/home")).status, 200);
    const anonymous = await box.client().get("/hub/api/accounts/alex/sessions");
    assert.equal(anonymous.status, 403);
  });

  it("is ended by command, and cookies of what has ended are taken back", async () => {
    const client = box.client();
    await signIn(client, "alex");
    const list = await sessionsOf("alex");
    const one = await box.control().ask(`/hub/api/accounts/alex/sessions/${list[0]?.id}`, {
      method: "DELETE",
    });
    assert.equal(one.status, 204);
    assert.equal((await sessionsOf("alex")).length, list.length - 1);
    const all = await box.control().ask("/hub/api/accounts/alex/sessions", { method: "DELETE" });
    assert.equal(all.status, 204);
    assert.deepEqual(await sessionsOf("alex"), []);
    const answer = await client.get("/hub/home");
    assert.match(setCookie(answer, "jupyterhub-hub-login"), /Max-Age=0/);
    assert.match(setCookie(answer, "jupyterhub-session-id"), /Max-Age=0/);
    assert.equal(setCookie(answer, "homeroom-device"), "", "the browser stays known");
  });

  it("is told on the home page when it is another browser, until that is answered", async () => {
    const [here, phone] = [box.client(), box.client()];
    await signIn(here, "noor");
    assert.doesNotMatch((await here.get("/hub/home")).text, /Was that you/);
    await signIn(phone, "noor", { agent: IPHONE });
    const told = await here.get("/hub/home");
    assert.match(told.text, /signed in with <bdi>Safari on iPhone<\/bdi>/);
    assert.match(told.text, /change your password, and tell your teacher/);
    assert.doesNotMatch((await phone.get("/hub/home")).text, /Was that you/);
    const yes = await here.post("/hub/account/others-seen");
    assert.equal(yes.headers.location, "/hub/home");
    assert.doesNotMatch((await here.get("/hub/home")).text, /Was that you/);
    const thief = box.client();
    await signIn(thief, "noor", { agent: "curl/8.0" });
    const again = await here.get("/hub/home");
    assert.match(again.text, /<bdi>curl<\/bdi>/);
    assert.doesNotMatch(again.text, /Safari on iPhone/);
    const [, url = ""] =
      /action="(\/hub\/account\/sessions\/[a-z2-7]{16}\/end)"/.exec(again.text) ?? [];
    await here.post(url);
    assert.match((await thief.get("/hub/home")).headers.location ?? "", /^\/hub\/login/);
    assert.equal((await phone.get("/hub/home")).status, 200);
    assert.doesNotMatch((await here.get("/hub/home")).text, /Was that you/);
  });

  it("is not told on the home page where the box is set so", async () => {
    await using quiet = await createFakeHub({ sessions: { noticeOtherDevices: false } });
    await addPeople(quiet, ["noor"]);
    const [here, phone] = [quiet.client(), quiet.client()];
    await signIn(here, "noor");
    await signIn(phone, "noor", { agent: IPHONE });
    const home = await here.get("/hub/home");
    assert.equal(home.status, 200);
    assert.doesNotMatch(home.text, /Was that you|Safari/);
    assert.match((await here.get("/hub/account")).text, /Safari on iPhone/);
  });
});
