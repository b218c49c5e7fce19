/** What people and programs type and send: each gets a clear answer, and nothing is lost. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { sendRaw } from "#test/support/raw-sockets.ts";
import {
  OWNER,
  type TestHub,
  addPerson,
  createTestHub,
  signIn,
  signInFirst,
} from "#test/support/test-hub.ts";

function createFakeHub(): Promise<TestHub> {
  const overrides = { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } };
  return createTestHub({ overrides });
}

describe("setting up", () => {
  let box: TestHub;
  beforeEach(async () => {
    box = await createFakeHub();
  });
  afterEach(() => box[Symbol.asyncDispose]());

  it("refuses wrong set-up codes, and slows down who tries many", async () => {
    const visitor = box.client();
    await visitor.get("/hub/setup");
    const form = {
      username: "eve",
      display_name: "Eve",
      password: "eve has many words",
      password_repeat: "eve has many words",
    };
    const statuses: number[] = [];
    for (let tries = 0; tries < 25; tries += 1) {
      const answer = await visitor.post("/hub/setup", { ...form, code: `WRONG-${tries}` });
      statuses.push(answer.status);
    }
    assert.equal(statuses[0], 403);
    // A wait may be over meanwhile: each is twice as long as the one before.
    assert.ok(statuses.filter((status) => status === 429).length > 10, statuses.join());
    assert.ok(statuses.every((status) => status === 403 || status === 429));
  });

  it("makes one owner when several people set up at once", async () => {
    const visitors = Array.from({ length: 4 }, () => box.client());
    await Promise.all(visitors.map((visitor) => visitor.get("/hub/setup")));
    const answers = await Promise.all(
      visitors.map((visitor, index) =>
        visitor.post("/hub/setup", {
          code: box.hub.setupCode ?? "",
          username: `owner${index}`,
          display_name: "Owner",
          password: "everyone has many words",
          password_repeat: "everyone has many words",
        }),
      ),
    );
    const leads = answers.map((answer) => answer.headers.location ?? "").toSorted();
    assert.deepEqual(leads, [
      "/hub/admin",
      "/hub/login?notice=setup_done",
      "/hub/login?notice=setup_done",
      "/hub/login?notice=setup_done",
    ]);
  });
});

describe("bad input", () => {
  let box: TestHub;
  let owner: HttpClient;

  before(async () => {
    box = await createFakeHub();
    owner = await box.setUp();
  });
  after(() => box[Symbol.asyncDispose]());

  async function names(): Promise<readonly string[]> {
    const page = await owner.get("/hub/admin");
    return [...page.text.matchAll(/<tr id="row-([^"]+)"/g)].map((match) => match[1] ?? "").sort();
  }

  async function tryToAdd(username: string, displayName = "Some One"): Promise<number> {
    await owner.get("/hub/admin/people/add");
    const answer = await owner.post("/hub/admin/people/add", {
      display_name: displayName,
      username,
      role: "student",
    });
    return answer.status;
  }

  it("takes every spelling of a name for the same person", async () => {
    const password = await addPerson(owner, "/", { displayName: "María", username: "María" });
    await signInFirst(box.client(), "/", "ｍａｒｉａ", password, "my own words");
    for (const spelling of ["maria", "MARIA", " María ", "mari\u0301a", "ｍａｒíａ"]) {
      const answer = await signIn(box.client(), "/", spelling, "my own words");
      assert.equal(answer.status, 302, spelling);
    }
  });

  const badNames = [
    "../etc/passwd",
    "..",
    ".",
    "a/b",
    "a%2fb",
    "a\\b",
    "__proto__",
    "a b",
    "-rf",
    "<script>",
    "аdmin",
    "😀",
    "a\u202eb",
    "a\u0000b",
    "x".repeat(300),
    "hub",
    "api",
  ];
  for (const name of badNames) {
    it(`refuses the user name ${JSON.stringify(name).slice(0, 40)} and saves nothing`, async () => {
      const before = await names();
      assert.equal(await tryToAdd(name), 400);
      assert.deepEqual(await names(), before);
    });
  }

  it("makes one account when two clients race for a name", async () => {
    await owner.get("/hub/admin/people/add");
    const spellings = ["racer", "RACER", " racer", "Racér", "racer ", "rÁcer"];
    const answers = await Promise.all(
      spellings.map((username) =>
        owner
          .tab()
          .post("/hub/admin/people/add", { display_name: "Racer", username, role: "student" }),
      ),
    );
    const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b);
    assert.deepEqual(statuses, [302, 409, 409, 409, 409, 409]);
    assert.equal((await names()).filter((name) => name === "racer").length, 1);
  });

  it("answers 413 to a password of five megabytes, and goes on", async () => {
    const visitor = box.client();
    await visitor.get("/hub/login");
    const answer = await visitor
      .post("/hub/login", { username: OWNER, password: "x".repeat(5_000_000) })
      .catch((error: NodeJS.ErrnoException) => error);
    // The answer may be overtaken by the closing of a connection that still has megabytes to send.
    if (answer instanceof Error) assert.match(String(answer.code), /ECONNRESET|EPIPE/);
    else assert.equal(answer.status, 413);
    assert.equal((await visitor.get("/hub/login")).status, 200);
  });

  it("takes long lists from those alone who are over others", async () => {
    const [form, json] = ["application/x-www-form-urlencoded", "application/json"];
    const student = box.client();
    const person = { username: "lena", displayName: "Lena" };
    await signInFirst(
      student,
      "/",
      "lena",
      await addPerson(owner, "/", person),
      "lena has some words",
    );
    const asked = async (client: HttpClient, path: string, type: string) => {
      // Its head alone: whoever is refused is so before the body comes.
      const { port, host } = new URL(box.origin);
      const head = [
        `POST ${path} HTTP/1.1`,
        `Host: ${host}`,
        `Cookie: ${client.cookieHeader(path)}`,
        `X-XSRFToken: ${client.cookie("_xsrf", path) ?? ""}`,
        `Content-Type: ${type}`,
        "Content-Length: 100000",
      ];
      const wait = { quietMs: 30_000, longestMs: 30_000 };
      return (await sendRaw(Number(port), `${head.join("\r\n")}\r\n\r\n`, wait)).status;
    };
    await student.get("/hub/home");
    assert.equal(await asked(box.client(), "/hub/login", form), 413);
    assert.equal(await asked(box.client(), "/hub/api/users/lena/tokens", json), 413);
    assert.equal(await asked(student, "/hub/token", form), 413);
    assert.equal(await asked(student, "/hub/api/users/lena/tokens", json), 413);
    await owner.get("/hub/admin/people/add");
    const usernames = Array.from({ length: 9000 }, () => `a${"b".repeat(70)}`);
    const list = { display_name: "x".repeat(100_000) };
    assert.notEqual((await owner.post("/hub/admin/people/preview", list)).status, 413);
    const headers = { "x-xsrftoken": owner.cookie("_xsrf", "/hub/") ?? "" };
    const many = await owner.ask("/hub/api/users", {
      method: "POST",
      json: { usernames },
      headers,
    });
    assert.equal(many.status, 400, "they are read, and too long for names");
  });

  it("refuses a form of a hundred thousand fields", async () => {
    const visitor = box.client();
    await visitor.get("/hub/login");
    const body = Array.from({ length: 100_000 }, (_, index) => `f${index}=1`).join("&");
    const answer = await visitor
      .ask("/hub/login", {
        method: "POST",
        body,
        headers: { "content-type": "application/x-www-form-urlencoded" },
      })
      .catch((error: NodeJS.ErrnoException) => error);
    if (answer instanceof Error) assert.match(String(answer.code), /ECONNRESET|EPIPE/);
    else assert.ok([400, 413].includes(answer.status), String(answer.status));
  });

  it("does not fall over a form that is none", async () => {
    const visitor = box.client();
    await visitor.get("/hub/login");
    const token = visitor.cookie("_xsrf", "/hub/login") ?? "";
    const bodies: readonly (readonly [type: string, body: string | Buffer])[] = [
      ["application/x-www-form-urlencoded", ""],
      ["application/x-www-form-urlencoded", "username"],
      ["application/x-www-form-urlencoded", "username=a&username=b&password=%zz"],
      ["application/x-www-form-urlencoded", "__proto__[x]=1&constructor=2"],
      ["application/x-www-form-urlencoded", Buffer.from([0xff, 0xfe, 0x3d])],
      ["application/json", '{"username":"a"}'],
      ["multipart/form-data; boundary=x", "--x--"],
      ["nonsense", "x"],
    ];
    for (const [type, body] of bodies) {
      const answer = await visitor.ask("/hub/login", {
        method: "POST",
        body,
        headers: { "content-type": type, "x-xsrftoken": token },
      });
      assert.ok(answer.status >= 400 && answer.status < 500, `${type} ${answer.status}`);
    }
  });

  it("says nothing that tells a wrong password from a wrong name", async () => {
    const known = await signIn(box.client(), "/", OWNER, "not the password");
    const unknown = await signIn(box.client(), "/", "nobody-here", "not the password");
    assert.deepEqual([known.status, unknown.status], [403, 403]);
    const strip = (text: string): string =>
      text.replaceAll(/(?:value|data-now)="[^"]*"/g, "").replaceAll(/[A-Z]\d-\d+/g, "");
    assert.equal(strip(known.text), strip(unknown.text));
    assert.match(known.text, /login_error/);
  });

  it("makes an honest student's password work while someone guesses", async () => {
    const password = await addPerson(owner, "/", { displayName: "Sam", username: "sam" });
    await signInFirst(box.client(), "/", "sam", password, "sam has his words");
    const guesser = box.client();
    await guesser.get("/hub/login");
    const statuses: number[] = [];
    for (let tries = 0; tries < 15; tries += 1) {
      statuses.push(
        (await guesser.post("/hub/login", { username: OWNER, password: `guess ${tries}` })).status,
      );
    }
    assert.ok(statuses.filter((status) => status === 429).length > 3, statuses.join());
    assert.equal((await signIn(box.client(), "/", "sam", "sam has his words")).status, 302);
  });

  it("names pages that do not exist, in the form that was asked for", async () => {
    const page = await owner.get("/hub/nope", { headers: { accept: "text/html" } });
    assert.equal(page.status, 404);
    assert.match(page.headers["content-type"] ?? "", /html/);
    const json = await owner.get("/hub/api/nope");
    assert.deepEqual(
      { status: json.status, body: JSON.parse(json.text) as unknown },
      { status: 404, body: { status: 404, message: "Not Found", code: "not_found" } },
    );
    const method = await owner.ask("/hub/api/user", {
      method: "PUT",
      headers: { "x-xsrftoken": owner.cookie("_xsrf", "/hub/") ?? "" },
    });
    assert.equal(method.status, 405);
  });

  it("keeps the last owner", async () => {
    await owner.get("/hub/admin");
    const answer = await owner.post(`/hub/admin/people/${OWNER}/remove`);
    assert.ok([400, 409].includes(answer.status), String(answer.status));
    assert.equal((await owner.get("/hub/admin")).status, 200);
  });
});
