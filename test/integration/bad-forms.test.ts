/** Every address that changes something, with bodies and names that no page of ours would send, and the right token. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Handlers, routeTable } from "#src/routes/index.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import {
  OWNER,
  OWNER_PASSWORD,
  type TestHub,
  createTestHub,
  signIn,
} from "#test/support/test-hub.ts";

/** Handlers that are never called: the table is read for its addresses alone. */
const anyHandler: unknown = new Proxy({}, { get: () => new Proxy({}, { get: () => () => {} }) });
const changing = routeTable(anyHandler as Handlers).filter(([method]) => method !== "GET");

/** In place of `:name`, `:id` and the like; as they stand in the address. */
const PARAMETERS = [
  "maria",
  "MARIA",
  "nobody",
  "constructor",
  "__proto__",
  "%00",
  "%ff%fe",
  "%C0%AE",
  "%ED%A0%80",
  "..%2F..%2Fada",
  "maria%0d%0aX-Evil:%201",
  "%F0%9F%8D%8E",
  "a".repeat(4000),
];

/** Every field of every form, and some that are none. */
const FIELDS = [
  ..."username name user_name display_name password password_repeat current code confirm typed_name".split(
    " ",
  ),
  ..."role mode hours places class group next theme lang list names people keep kept".split(" "),
  ..."__proto__ constructor toString".split(" "),
];
const everyField = (value: string) => FIELDS.map((name) => `${name}=${value}`).join("&");

const FORM = "application/x-www-form-urlencoded";
/** Sent with the token in its header, so that it is the body alone that counts. */
const BODIES: readonly (readonly [what: string, type: string, body: string | Buffer])[] = [
  ["nothing", FORM, ""],
  ["empty fields", FORM, everyField("")],
  ["long fields", FORM, everyField("x".repeat(20_000))],
  ["a very long field", FORM, `username=${"x".repeat(3_000_000)}`],
  ["zero bytes", FORM, everyField("a%00b")],
  ["bytes that are no UTF-8", FORM, everyField("%ff%fe%c0%ae")],
  ["half a pair", FORM, everyField("%ed%a0%80")],
  ["broken escapes", FORM, everyField("%zz%")],
  ["raw bytes", FORM, Buffer.from([0xff, 0xfe, 0x3d, 0x00, 0x26, 0x80])],
  ["line breaks", FORM, everyField("a%0d%0aSet-Cookie:%20x=y")],
  ["turned text", FORM, everyField("%E2%80%AEadmin%E2%81%A6")],
  ["numbers without end", FORM, everyField("1e999")],
  ["markup", FORM, everyField("%3Cscript%3Ealert(1)%3C%2Fscript%3E%7B%7B1234577*7654321%7D%7D")],
  ["each field twice", FORM, `${everyField("a")}&${everyField("b")}`],
  ["another charset", `${FORM}; charset=utf-16`, everyField("abc")],
  [
    "parts",
    "multipart/form-data; boundary=x",
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n',
  ],
  ["plain text", "text/plain", "username=ada"],
  ["JSON that is none", "application/json", "{"],
  ["null", "application/json", "null"],
  ["a list", "application/json", "[[],{}]"],
  [
    "other types",
    "application/json",
    JSON.stringify(Object.fromEntries(FIELDS.map((f) => [f, { a: [1e308] }]))),
  ],
  [
    "zero bytes in JSON",
    "application/json",
    JSON.stringify(Object.fromEntries(FIELDS.map((f) => [f, "a\u0000b\ud800"]))),
  ],
  ["a deep one", "application/json", `${"[".repeat(50_000)}${"]".repeat(50_000)}`],
];

const basePath = "/jupyterhub/";

function addressOf(path: string, parameter: string): string {
  return basePath + path.replaceAll(/:\w+/g, parameter).replace(/\{?\*path\}?/, parameter);
}

describe("forms and commands with anything in them", { timeout: 540_000 }, () => {
  let box: TestHub;
  let owner: HttpClient;

  before(async () => {
    box = await createTestHub({
      config: { basePath },
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    owner = await box.setUp();
  });
  after(() => box[Symbol.asyncDispose]());

  /** As if it had never been: an earlier request may have removed or locked her, or ended the owner's session. */
  async function makeReady(): Promise<void> {
    const json = { name: "maria", password: "maria has many words" };
    await box.control().ask(`${basePath}hub/api/accounts`, { method: "POST", json });
    if ((await owner.get(`${basePath}hub/home`)).status === 200) return;
    owner = box.client();
    const answer = await signIn(owner, basePath, OWNER, OWNER_PASSWORD);
    assert.equal(answer.status, 302, "the owner has the password from before");
  }

  async function send(method: string, address: string, type: string, body: string | Buffer) {
    await makeReady();
    const token = owner.cookie("_xsrf", `${basePath}hub/`) ?? "";
    const headers = { "content-type": type, "x-xsrftoken": token, origin: box.origin };
    return owner.ask(address, { method, headers, ...(body === "" ? {} : { body }) });
  }

  function assertSane(answer: Answer, what: string): void {
    assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text.slice(0, 500)}`);
    assert.doesNotMatch(answer.text, /file:\/\/|node_modules|\bat \w+.*:\d+:\d+/, what);
    assert.doesNotMatch(answer.text, /<script>alert|9449848657217/, what);
    assert.equal(answer.headers["x-evil"], undefined);
    for (const cookie of answer.headers["set-cookie"] ?? []) assert.doesNotMatch(cookie, /^x=/);
  }

  it("knows all addresses", () => assert.ok(changing.length >= 35, String(changing.length)));

  for (const [method, path] of changing) {
    if (/:\w+/.test(path)) {
      it(`${method} ${path} bears any name`, async () => {
        for (const parameter of PARAMETERS) {
          const type = path.startsWith("hub/api/") ? "application/json" : FORM;
          const answer = await send(method, addressOf(path, parameter), type, "");
          assertSane(answer, parameter.slice(0, 40));
        }
      });
    }
    it(`${method} ${path} bears any body`, async () => {
      for (const [what, type, body] of BODIES) {
        assertSane(await send(method, addressOf(path, "maria"), type, body), what);
      }
    });
    it(`${method} ${path} may come twice at once`, async () => {
      await makeReady();
      const type = path.startsWith("hub/api/") ? "application/json" : FORM;
      const token = owner.cookie("_xsrf", `${basePath}hub/`) ?? "";
      const headers = { "content-type": type, "x-xsrftoken": token, origin: box.origin };
      const body =
        type === FORM ? "confirm=maria&name=maria&role=teacher&display_name=Maria" : "{}";
      const tabs = [owner.tab(), owner.tab()];
      const address = addressOf(path, "maria");
      const answers = await Promise.all(
        tabs.map((tab) => tab.ask(address, { method, headers, body })),
      );
      for (const answer of answers) assertSane(answer, "at once");
      assertSane(
        (await tabs[0]?.ask(address, { method, headers, body })) ?? assert.fail(),
        "again",
      );
    });
  }

  it("are the same people at the end, and the hub is well", async () => {
    await makeReady();
    assert.equal((await owner.get(`${basePath}hub/health`)).status, 200);
    const answer = await owner.get(`${basePath}hub/api/accounts`);
    const { users } = JSON.parse(answer.text) as { users: { name: string; role: string }[] };
    assert.ok(users.some(({ name, role }) => name === OWNER && role === "owner"));
    assert.deepEqual(
      users.map(({ name }) => name).filter((name) => !/^[a-z0-9][a-z0-9._@-]*$/.test(name)),
      [],
    );
    const { dataDir, secrets } = box;
    await box.stop();
    await using again = await createTestHub({
      config: { basePath, dataDir },
      secrets,
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    assert.equal((await signIn(again.client(), basePath, OWNER, OWNER_PASSWORD)).status, 302);
  });
});
