/** JupyterHub's pages and redirects as its clients know them, below two base paths. Fake engine, real LevelDB. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { text as bodyText } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { type Classrooms, type Part, createClassrooms } from "#test/support/classrooms.ts";
import type { Answer } from "#test/support/http-client.ts";

/** What Sam's notebook does when the question comes. */
type Given = "running" | "starting" | "failed";

/** `{B}` is the base path, `{H}` the hub's. */
interface Row {
  readonly ask: string;
  readonly as?: Part | "anonymous";
  readonly given?: Given;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Where it leads. */
  readonly to?: string;
  /** What stands in the answer. */
  readonly text?: RegExp;
  readonly type?: RegExp;
  readonly retryAfter?: string;
}

const html = /^text\/html/;
const json = /^application\/json/;
const asleep = (path: string) =>
  new RegExp(
    `"message":"JupyterHub server no longer running at ${path}. Restart the server at http://[^"]*/hub/spawn/sam"`,
  );

/** Sam asks unless said. */
const rows: readonly Row[] = [
  // Below the base path
  { ask: "GET {B}", as: "anonymous", status: 302, to: "{H}" },
  { ask: "GET {B}anything/x?q=1", as: "anonymous", status: 302, to: "{H}anything/x?q=1" },
  { ask: "GET {B}login?next=%2F", as: "anonymous", status: 302, to: "{H}login?next=%2F" },
  {
    ask: "GET {B}auth/change-password",
    as: "anonymous",
    status: 302,
    to: "{H}auth/change-password",
  },
  { ask: "GET {B}auth/change-password?x=1", status: 302, to: "{H}auth/change-password?x=1" },
  { ask: "GET {B}spawn", status: 302, to: "{H}spawn" },
  { ask: "GET {B}user-redirect/lab", status: 302, to: "{H}user-redirect/lab" },
  { ask: "GET {B}user-redirect/a%2Fb?x=%2F", status: 302, to: "{H}user-redirect/a%2Fb?x=%2F" },
  { ask: "POST {B}anything", status: 404 },
  { ask: "GET {B}hub", as: "anonymous", status: 301, to: "{H}" },
  { ask: "GET {B}hub", status: 301, to: "{H}" },
  { ask: "HEAD {B}", as: "anonymous", status: 302, to: "{H}" },

  // Nobody is signed in
  ...[
    "home",
    "spawn",
    "spawn/sam",
    "spawn-pending/sam",
    "user/sam/lab?x=1",
    "user-redirect/lab",
  ].map((path): Row => ({
    ask: `GET {H}${path}`,
    as: "anonymous",
    status: 302,
    to: `{H}login?next={H!}${encodeURIComponent(path)}`,
  })),
  { ask: "GET {H}", as: "anonymous", status: 302, to: "{H}login?next={H!}" },
  { ask: "GET {H}admin", as: "anonymous", status: 302, to: "{H}login?next={H!}admin" },
  {
    ask: "GET {H}auth/change-password",
    as: "anonymous",
    status: 302,
    to: "{H}login?next={H!}auth%2Fchange-password",
  },
  { ask: "POST {H}spawn", as: "anonymous", status: 403 },
  { ask: "POST {H}spawn/sam", as: "anonymous", status: 403 },
  { ask: "GET {H}login", as: "anonymous", status: 200, text: /name="username"/, type: html },
  { ask: "GET {H}login?username=bo", as: "anonymous", status: 200, text: /value="bo"/ },
  { ask: "HEAD {H}login", as: "anonymous", status: 200, type: html },
  { ask: "GET {H}nope", as: "anonymous", status: 404, type: html },
  { ask: "GET {H}health", as: "anonymous", status: 200, text: /^$/ },
  { ask: "HEAD {H}health", as: "anonymous", status: 200 },
  { ask: "GET {H}api/health", as: "anonymous", status: 200, text: /^$/ },
  { ask: "GET {H}logo", as: "anonymous", status: 200, type: /^image\/png/ },
  { ask: "HEAD {H}logo", as: "anonymous", status: 200 },
  { ask: "GET {H}security/csp-report", status: 405 },
  { ask: "DELETE {H}home", status: 405 },
  { ask: "PUT {H}spawn", status: 405 },

  // The page for a web server in front
  { ask: "GET {H}error/404", as: "anonymous", status: 200, type: html, text: /no such page/ },
  { ask: "GET {H}error/503", as: "anonymous", status: 200, type: html, text: /restarting/ },
  { ask: "GET {H}error/nonsense", status: 200, type: html },

  // Signed in
  { ask: "GET {H}", status: 302, to: "{H}home" },
  { ask: "GET {H}", as: "teacher", status: 302, to: "{H}admin" },
  { ask: "GET {H}login", status: 302, to: "{H}home" },
  { ask: "GET {H}login?next={H!}spawn", status: 302, to: "{H}spawn" },
  { ask: "GET {H}login?next=%2Felsewhere", status: 302, to: "/elsewhere" },
  {
    ask: "GET {H}login?next={B!}user%2Fsam%2Flab%2Ftree%2Fmy%20notes.ipynb",
    status: 302,
    to: "{B}user/sam/lab/tree/my%20notes.ipynb",
  },
  { ask: "GET {H}login?next=https%3A%2F%2Fevil.example%2F", status: 302, to: "{H}home" },
  { ask: "GET {H}login?next=%2F%2Fevil.example", status: 302, to: "{H}home" },
  { ask: "GET {H}login?next=%2F%5Cevil.example", status: 302, to: "{H}home" },
  { ask: "GET {H}login?next=javascript%3Aalert(1)", status: 302, to: "{H}home" },
  { ask: "GET {H}home", status: 200, type: html },
  { ask: "HEAD {H}home", status: 200, type: html },
  { ask: "GET {H}admin", status: 403, type: html },
  { ask: "GET {H}admin", as: "teacher", status: 200, type: html },
  { ask: "GET {H}nope", status: 404, type: html },
  { ask: "GET {H}auth/change-password", status: 200, type: html, text: /name="current"/ },

  // Opening
  { ask: "GET {H}spawn", status: 302, to: "{B}user/sam/lab" },
  { ask: "GET {H}spawn/sam", status: 302, to: "{B}user/sam/lab" },
  { ask: "GET {H}spawn/S%C3%81M", status: 302, to: "{B}user/sam/lab" },
  { ask: "GET {H}spawn/sam/", status: 302, to: "{B}user/sam/lab" },
  { ask: "GET {H}spawn", given: "running", status: 302, to: "{B}user/sam/lab" },
  { ask: "GET {H}spawn?reset", given: "running", status: 302, to: "{B}user/sam/lab?reset=" },
  {
    ask: "GET {H}spawn?next={B!}user%2Fsam%2Ftree&x=1",
    given: "running",
    status: 302,
    to: "{B}user/sam/tree",
  },
  {
    ask: "GET {H}spawn?next=%2F%2Fevil.example",
    given: "running",
    status: 302,
    to: "{B}user/sam/lab",
  },
  { ask: "GET {H}spawn", given: "starting", status: 302, to: "{H}spawn-pending/sam" },
  {
    ask: "GET {H}spawn?next={B!}user%2Fsam%2Ftree",
    given: "starting",
    status: 302,
    to: "{H}spawn-pending/sam?next={B!}user%2Fsam%2Ftree",
  },
  { ask: "GET {H}spawn/alex", status: 404 },
  { ask: "GET {H}spawn/nobody", status: 404 },
  { ask: "GET {H}spawn/sam/lab2", status: 400 },
  { ask: "GET {H}spawn/alex/lab2", status: 404 },
  { ask: "POST {H}spawn/sam/lab2", status: 400 },
  { ask: "POST {H}spawn/alex", status: 404 },

  // The waiting room starts nothing
  { ask: "GET {H}spawn-pending/sam", status: 200, type: html, text: /hub\/spawn\/sam/ },
  { ask: "GET {H}spawn-pending/sam/", status: 200, type: html },
  {
    ask: "GET {H}spawn-pending/sam",
    given: "starting",
    status: 200,
    text: /hub\/api\/users\/sam\/server\/progress/,
  },
  { ask: "GET {H}spawn-pending/sam", given: "running", status: 302, to: "{B}user/sam/lab" },
  {
    ask: "GET {H}spawn-pending/sam?next={B!}user%2Fsam%2Ftree",
    given: "running",
    status: 302,
    to: "{B}user/sam/tree",
  },
  { ask: "GET {H}spawn-pending/sam", given: "failed", status: 503, type: html },
  { ask: "GET {H}spawn-pending/alex", status: 404 },
  { ask: "GET {H}spawn-pending/sam/lab2", status: 404 },

  // A notebook's address at the hub
  { ask: "GET {H}user/sam/lab", status: 424, type: html, text: /hub\/spawn\/sam\?next=/ },
  {
    ask: "GET {H}user/sam/api/kernels",
    status: 424,
    type: json,
    text: asleep("/user/sam/api/kernels"),
  },
  {
    ask: "GET {H}user/sam/files/x",
    headers: { accept: "application/json" },
    status: 424,
    type: json,
    text: asleep("/user/sam/files/x"),
  },
  {
    ask: "GET {H}user/sam/api/kernels?token=abc",
    status: 424,
    type: json,
    text: asleep("/user/sam/api/kernels"),
  },
  { ask: "POST {H}user/sam/api/kernels", status: 424, type: json },
  { ask: "PUT {H}user/sam/files/x", status: 424, type: json },
  { ask: "DELETE {H}user/sam/files/x", status: 424, type: json },
  {
    ask: "GET {H}user/sam/lab?x=1",
    given: "starting",
    status: 302,
    to: "{H}spawn-pending/sam?next={B!}user%2Fsam%2Flab%3Fx%3D1",
  },
  {
    ask: "GET {H}user/sam/api/kernels",
    given: "starting",
    status: 424,
    type: json,
    retryAfter: "3",
  },
  { ask: "GET {H}user/sam/lab?x=1", given: "running", status: 302, to: "{B}user/sam/lab?x=1" },
  { ask: "GET {H}user/sam/lab", given: "failed", status: 424, type: html },
  { ask: "GET {H}user/alex/lab", status: 404 },
  { ask: "GET {H}user/nobody/lab", status: 404, type: html },
  { ask: "GET {H}user/nobody/api/kernels", status: 404, type: json },
  { ask: "POST {H}user/alex/api/kernels", status: 404, type: json },
  { ask: "GET {B}user/sam", status: 301, to: "{B}user/sam/" },
  { ask: "GET {B}user/sam/lab", status: 424, type: html },
  {
    ask: "GET {B}user/sam/api/status",
    status: 424,
    type: json,
    text: asleep("/user/sam/api/status"),
  },

  // Links of a course
  {
    ask: "GET {H}user-redirect/lab/tree/a.ipynb?x=1",
    status: 302,
    to: "{H}spawn/sam?next={B!}user%2Fsam%2Flab%2Ftree%2Fa.ipynb%3Fx%3D1",
  },
  {
    ask: "GET {H}user-redirect//git-pull?repo=https%3A%2F%2Fx.example%2Fy&urlpath=lab%2Ftree%2Fmy%20notes.ipynb",
    status: 302,
    to: "{H}spawn/sam?next={B!}user%2Fsam%2Fgit-pull%3Frepo%3Dhttps%253A%252F%252Fx.example%252Fy%26urlpath%3Dlab%252Ftree%252Fmy%2520notes.ipynb",
  },
  {
    ask: "GET {H}user-redirect/",
    given: "running",
    status: 302,
    to: "{H}spawn/sam?next={B!}user%2Fsam%2F",
  },
];

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`JupyterHub's pages at ${basePath}`, () => {
    let rooms: Classrooms;
    let letGo: () => void = () => {};
    const hub = `${basePath}hub/`;

    before(async () => {
      rooms = await createClassrooms({ basePath });
    });
    after(() => rooms[Symbol.asyncDispose]());

    function addressOf(text: string): string {
      return text
        .replaceAll("{B}", basePath)
        .replaceAll("{H}", hub)
        .replaceAll("{B!}", encodeURIComponent(basePath))
        .replaceAll("{H!}", encodeURIComponent(hub));
    }

    async function prepare(given: Given | undefined): Promise<void> {
      letGo();
      await rooms.stage();
      const start = () => rooms.ask("owner", `${hub}api/users/sam/server`, { method: "POST" });
      if (given === "failed") {
        rooms.engine.failAt("start", new HubError("image_missing", { image: "notebook" }));
        await start();
      } else if (given === "starting") {
        const hold = rooms.engine.hold("answering");
        letGo = () => hold.release();
        void start();
        await hold.reached;
      } else if (given === "running") {
        assert.equal((await start()).status, 201);
      }
    }

    for (const row of rows) {
      const { ask, as = "student", given, headers = {} } = row;
      it(`${ask} ${given ?? ""} as ${as} → ${row.status}`, async () => {
        await prepare(given);
        const [method = "", path = ""] = ask.split(" ");
        const answer = await rooms.ask(as, addressOf(path), { method, headers });
        assert.equal(answer.status, row.status, answer.text.slice(0, 300));
        if (row.to !== undefined) assert.equal(answer.headers.location, addressOf(row.to));
        if (row.text !== undefined) assert.match(answer.text, row.text);
        if (row.retryAfter !== undefined) {
          assert.equal(answer.headers["retry-after"], row.retryAfter);
        }
        if (row.type !== undefined) assert.match(answer.headers["content-type"] ?? "", row.type);
      });
    }

    it("starts a notebook by a form in any of the ways in which clients send one", async () => {
      const boundary = "x-form";
      const part = (name: string, value: string) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
      const ways: readonly ((
        token: string,
      ) => readonly [type: string, body: string, query: string])[] = [
        (token) => ["application/x-www-form-urlencoded", `_xsrf=${token}`, ""],
        (token) => ["application/x-www-form-urlencoded", "", `?_xsrf=${token}`],
        (token) => [
          `multipart/form-data; boundary=${boundary}`,
          `${part("_xsrf", token)}${part("colour", "x")}--${boundary}--\r\n`,
          "",
        ],
        (token) => [`multipart/form-data; boundary=${boundary}`, "", `?_xsrf=${token}`],
        (token) => ["application/json", "{}", `?_xsrf=${token}`],
      ];
      for (const way of ways) {
        await prepare(undefined);
        const client = rooms.browser("student");
        await client.get(`${hub}home`);
        const [type, body, query] = way(client.cookie("_xsrf", hub) ?? assert.fail());
        const answer: Answer = await client.ask(`${hub}spawn${query}`, {
          method: "POST",
          body,
          headers: { "content-type": type },
        });
        const seen = [answer.status, answer.headers.location];
        assert.deepEqual(seen, [302, `${basePath}user/sam/lab`], type);
      }
    });

    it("does not fall over forms in parts that are none", async () => {
      await prepare(undefined);
      for (const [type, body] of [
        ["multipart/form-data", "x"],
        ["multipart/form-data; boundary=x", "x"],
        ["multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="_xsrf"'],
        ["multipart/form-data; boundary=", "----"],
      ] as const) {
        const client = rooms.browser("student");
        const headers = { "content-type": type };
        const answer = await client.ask(`${hub}spawn`, { method: "POST", body, headers });
        assert.ok([400, 403].includes(answer.status), `${type}: ${answer.status}`);
      }
    });

    it("tells who opens a WebSocket why there is none", async () => {
      await prepare("starting");
      const path = `${basePath}user/sam/api/kernels/1/channels`;
      const { origin } = rooms.box;
      for (const [client, status, text, retryAfter] of [
        [rooms.browser("student"), 424, asleep("/user/sam/api/kernels/1/channels"), "3"],
        [rooms.browser("classmate"), 404, /"message":"Not Found"/, undefined],
        [rooms.box.client(), 403, /"message":"Missing or invalid credentials."/, undefined],
      ] as const) {
        const socket = client.webSocket(path, { origin });
        socket.on("error", () => undefined);
        const [, answer] = (await once(socket, "unexpected-response")) as [
          unknown,
          IncomingMessage,
        ];
        assert.equal(answer.statusCode, status);
        assert.match(answer.headers["content-type"] ?? "", json);
        assert.equal(answer.headers["retry-after"], retryAfter);
        assert.match(await bodyText(answer), text);
        socket.terminate();
      }
    });

    it("takes a token at a notebook's address at the hub, and on no page", async () => {
      await prepare(undefined);
      const kernels = await rooms.askByToken("student", `${hub}user/sam/api/kernels`, {
        method: "POST",
        json: {},
      });
      assert.equal(kernels.status, 424);
      assert.match(kernels.text, asleep("/user/sam/api/kernels"));
      const lab = await rooms.askByToken("student", `${hub}user/sam/lab`);
      assert.equal(lab.status, 424);
      const others = await rooms.askByToken("classmate", `${hub}user/sam/api/kernels`);
      assert.equal(others.status, 404);
      const page = await rooms.askByToken("student", `${hub}home`);
      assert.equal(page.status, 302);
    });
  });
}
