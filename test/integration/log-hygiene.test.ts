/** What opens something is in no line of the log, of the audit or of the figures, whatever was done with it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, AskOptions, HttpClient } from "#test/support/http-client.ts";
import { ProcessBox } from "#test/support/process-box.ts";

const COOKIES = ["jupyterhub-hub-login", "jupyterhub-session-id", "_xsrf", "homeroom-device"];

describe("secrets that were used", { timeout: 900_000 }, () => {
  let box: ProcessBox;
  let sam: HttpClient;
  /** What each was, by itself. */
  const secrets = new Map<string, string>();

  function secret(what: string, value: string | undefined): string {
    assert.ok(value !== undefined && value.length > 7, what);
    secrets.set(value, what);
    return value;
  }

  function keepCookies(client: HttpClient): void {
    for (const name of COOKIES) secret(name, client.cookie(name, "/hub/home"));
  }

  function api(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    return box.hub.client().ask(`/hub/api/${path}`, { method, ...options });
  }

  before(async () => {
    const env = { HOMEROOM_LOG_LEVEL: "debug", HOMEROOM_SHARING: "everyone" };
    box = await ProcessBox.start({ env });
    await box.console("POST", "accounts", {
      name: "sam",
      role: "student",
      password: secret("password", "Sams-own-password-71"),
    });
    sam = await box.signIn("sam", "Sams-own-password-71");
    keepCookies(sam);
  });
  after(() => box[Symbol.asyncDispose]());

  it("at the sign-in page: passwords typed wrong, or in the wrong field", async () => {
    const visitor = box.hub.client();
    await visitor.get("/hub/login");
    secret("form token", visitor.cookie("_xsrf", "/hub/login"));
    const password = secret("wrong password", "Nearly-sams-password-71");
    await visitor.post("/hub/login", { username: "sam", password });
    const username = secret("password for a name", "My password, typed 1 field above!");
    await visitor.post("/hub/login", { username, password: "" });
    const token = secret("token in the query", "0123456789abcdef0123456789abcdef");
    await visitor.get(`/hub/login?next=/hub/home&token=${token}`);
  });

  it("as first and changed passwords", async () => {
    const added = await box.console("POST", "accounts", { name: "neu" });
    const { first_password: first } = JSON.parse(added.text) as { first_password: string };
    const neu = await box.signIn("neu", secret("first password", first));
    await neu.get("/hub/first");
    const chosen = secret("chosen password", "Neus-own-password-83");
    await neu.post("/hub/first", { password: chosen, password_repeat: chosen });
    const reset = await box.console("POST", "accounts/neu/reset");
    secret("reset", (JSON.parse(reset.text) as { first_password: string }).first_password);
    const renewed = secret("changed password", "Sams-new-password-72");
    await sam.get("/hub/account");
    const current = "Sams-own-password-71";
    const form = { current, password: renewed, password_repeat: renewed };
    assert.equal((await sam.post("/hub/change-password", form)).status, 302);
    keepCookies(sam);
  });

  it("in bodies that are not as they should be", async () => {
    const made = await box.console("POST", "users/sam/tokens", {});
    const token = secret("API token", (JSON.parse(made.text) as { token: string }).token);
    const owner = await box.console("POST", "accounts", { name: "ada", role: "owner" });
    assert.equal(owner.status, 201);
    const strong = await box.console("POST", "users/ada/tokens", {});
    const { token: ofOwner } = JSON.parse(strong.text) as { token: string };
    const headers = {
      authorization: `token ${secret("owner's token", ofOwner)}`,
      "content-type": "application/json",
    };
    for (const [path, body] of [
      ["accounts", `{"name":"zoe","password":${secret("a number", "918273645519")}}`],
      ["accounts", `"${secret("a text alone", "A-text-alone-1234")}"`],
      ["accounts", `{"name":"zoe","password":"${secret("broken JSON", "Broken-JSON-5678")}"`],
      ["accounts", `{"name":"zoe","role":"${secret("in another field", "For-a-role-9012")}"}`],
      ["users/zoe", `{"password":"${secret("a key that is none", "For-a-key-3456")}"}`],
      ["users", `{"usernames":["${secret("a name that is none", "For a name 7890!")}"]}`],
      ["users/sam/tokens", `{"expires_in":"${secret("for a time", "For-a-time-1234")}"}`],
      ["users/sam/tokens", `{"scopes":"${secret("for scopes", "For-scopes-5678")}"}`],
    ] as const) {
      const answer = await api("POST", path, { body, headers });
      assert.equal(answer.status, 400, `${path} ${body} ${answer.text}`);
    }
    const auth = { username: "sam", password: secret("wrong, by the API", "Wrong-by-API-9012") };
    assert.equal((await api("POST", "users/sam/tokens", { json: { auth } })).status, 403);
    const basic = secret("basic", Buffer.from("sam:Sams-new-password-72").toString("base64"));
    await api("GET", "user", { headers: { authorization: `Basic ${basic}` } });
    const looked = await api("GET", `authorizations/token/${token}`, { headers });
    assert.equal(looked.status, 200);
    const cookie = secret("cookie in an address", "c00k1e-in-an-address");
    await api("GET", `authorizations/cookie/x/${cookie}`, { headers });
  });

  it("at a notebook, in its address and by WebSocket", async () => {
    await box.openNotebook(sam, "sam");
    const wrong = secret("unknown token", "fedcba9876543210fedcba9876543210");
    await sam.get(`/user/sam/lab?token=${wrong}`);
    const socket = sam.webSocket(`/user/sam/api/kernels/x/channels?token=${wrong}`);
    await new Promise((resolve) => socket.on("open", resolve).on("error", resolve));
    socket.terminate();
  });

  it("as links and codes that let somebody in", async () => {
    const made = await box.console("POST", "users/sam/tokens", {});
    const token = secret("API token", (JSON.parse(made.text) as { token: string }).token);
    const headers = { authorization: `token ${token}` };
    const shared = await api("POST", "share-codes/sam/", { headers, json: {} });
    const code = secret("share code", (JSON.parse(shared.text) as { code: string }).code);
    await sam.get(`/hub/accept-share?code=${code}`);
    await api("DELETE", `share-codes/sam/?code=${code}`, { headers });
    await sam.get(`/hub/accept-share?code=${code}`);
    const { text } = await box.console("GET", "classes");
    const { classes } = JSON.parse(text) as { classes: readonly { id: string }[] };
    const opened = await box.console("PUT", `classes/${classes[0]?.id}/sign-up`, { mode: "code" });
    const model = JSON.parse(opened.text) as { sign_up: { code: string } };
    const visitor = box.hub.client();
    await visitor.get("/hub/signup");
    for (const typed of [secret("join code", model.sign_up.code), secret("none", "QQQQ-WWWW")]) {
      await visitor.post("/hub/signup", { code: typed, username: "joe", display_name: "Joe" });
    }
    await sam.get("/hub/token");
    const page = await sam.post("/hub/token", { note: "", life: "day" });
    const shown = await sam.get(page.headers.location ?? "");
    secret("token on its page", /\b[0-9a-f]{32}\b/.exec(shown.text)?.[0]);
  });

  it("are nowhere afterwards, and each line of the log is JSON", async () => {
    const keys = JSON.parse(await readFile(join(box.dataDir, "secrets.json"), "utf8")) as {
      instanceKey: string;
    };
    secret("the box's key", keys.instanceKey);
    const audit = await box.command("audit", "--json", "--limit", "1000");
    assert.equal(audit.code, 0);
    const metrics = await box.console("GET", "metrics");
    // What was written last is on its way through a pipe.
    await sleep(1000);
    await box.kill("SIGTERM");
    const log = box.hub.output();
    assert.ok(log.length > 5000 && audit.stdout.length > 1000 && metrics.status === 200);
    assert.ok(secrets.size > 30, String(secrets.size));
    for (const [where, text] of [
      ["log", log],
      ["audit", audit.stdout],
      ["metrics", metrics.text],
    ] as const) {
      for (const [value, what] of secrets) {
        assert.ok(!text.includes(value), `${what} is in the ${where}`);
        assert.ok(!text.includes(encodeURIComponent(value)), `${what} is in the ${where}`);
      }
    }
    // Of the last one a part may be on its way.
    const lines = log.split("\n").slice(0, -1);
    for (const line of lines.filter((each) => each.startsWith("{"))) JSON.parse(line);
  });
});
