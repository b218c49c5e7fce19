import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { NotebookWork, lastWork } from "#src/entrypoint/notebook-work.ts";
import type { Route } from "#src/entrypoint/routing-table.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { makeId } from "#src/stores/ids.ts";
import { ManualTimer } from "#test/support/manual-timer.ts";
import { silentLog } from "#test/support/silent-log.ts";

const NOW = Date.UTC(2026, 10, 2, 8);
const EARLIER = "2026-11-02T07:30:00.123456Z";

describe("what notebooks do by themselves", () => {
  const maria = { id: makeId<"user">(), name: "maria" } as UserRecord; // All that is looked at.
  let timer: ManualTimer;
  let told: (readonly [string, string])[];
  let asked: string[];
  let answer: (req: IncomingMessage, res: ServerResponse) => void;
  const server = createServer((req, res) => {
    asked.push(`${req.headers.authorization ?? ""} ${req.url ?? ""}`);
    answer(req, res);
  });

  beforeEach(async () => {
    timer = new ManualTimer();
    told = [];
    asked = [];
    answer = (_req, res) => res.end("[]");
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  function route(parts: Partial<Route> = {}): Route {
    const { port } = server.address() as AddressInfo;
    const ids = { userId: maria.id, serverId: makeId<"server">(), generation: 1, serverName: "" };
    const upstream = { host: "127.0.0.1", port };
    return { ...ids, upstream, secret: "s", kind: "jupyter", ...parts };
  }

  /** One round over these; ends when the next one is set. */
  async function round(...routes: readonly Route[]): Promise<void> {
    using work = new NotebookWork({
      basePath: "/b/",
      routes: { all: () => routes },
      accounts: { activeById: (id) => (id === maria.id ? maria : undefined) },
      servers: {
        async noteActivity(_id, { servers }) {
          told.push(...servers);
        },
      },
      clock: { now: () => NOW },
      timers: { after: (ms, run) => timer.later(ms, run) },
      log: silentLog,
    });
    work.open();
    timer.fire();
    await timer.until(() => timer.waiting.length === 1);
  }

  it("asks for kernels and terminals with the container's secret, and tells the latest time", async () => {
    answer = (req, res) => {
      const isKernels = req.url?.includes("/kernels") === true;
      const time = isKernels ? EARLIER : "2026-11-02T07:10:00Z";
      res.end(JSON.stringify([{ execution_state: "idle", last_activity: time }]));
    };
    await round(route(), route({ serverName: "my second" }));
    const at = "2026-11-02T07:30:00.123Z";
    assert.deepEqual(told, [
      ["", at],
      ["my second", at],
    ]);
    assert.deepEqual(asked, [
      "token s /b/user/maria/api/kernels?no_track_activity=1",
      "token s /b/user/maria/api/terminals?no_track_activity=1",
      "token s /b/user/maria/my%20second/api/kernels?no_track_activity=1",
      "token s /b/user/maria/my%20second/api/terminals?no_track_activity=1",
    ]);
  });

  it("counts a cell that runs and prints nothing", async () => {
    answer = (req, res) =>
      req.url?.includes("/kernels") === true
        ? res.end(JSON.stringify([{ execution_state: "busy", last_activity: EARLIER }]))
        : res.writeHead(404).end("no terminals here");
    await round(route());
    assert.deepEqual(told, [["", new Date(NOW).toISOString()]]);
  });

  it("tells nothing of a notebook without kernels, and of one that answers nonsense", async () => {
    await round(route());
    answer = (_req, res) => res.end("<html>");
    await round(route());
    answer = (_req, res) => res.end(`["${"x".repeat(300 * 1024)}"]`);
    await round(route());
    answer = (_req, res) => res.destroy();
    await round(route());
    assert.deepEqual(told, []);
  });

  it("leaves alone who tells it themselves, and other apps", async () => {
    await round(route({ kind: "singleuser" }), route({ kind: "web" }));
    await round(route({ userId: makeId<"user">() }));
    assert.deepEqual(asked, []);
  });

  it("asks the others although one does not answer", async () => {
    answer = (_req, res) => res.end(JSON.stringify([{ execution_state: "busy" }]));
    await round(route({ upstream: { host: "127.0.0.1", port: 1 } }), route({ serverName: "b" }));
    assert.deepEqual(told, [["b", new Date(NOW).toISOString()]]);
  });

  it("ends with the hub, in the middle of a question too", async () => {
    let cut: Promise<unknown> | undefined;
    answer = (req) => {
      cut = once(req.socket, "close");
    };
    const gone = new NotebookWork({
      basePath: "/",
      routes: { all: () => [route(), route()] },
      accounts: { activeById: () => maria },
      servers: { noteActivity: async () => {} },
      clock: { now: () => NOW },
      timers: { after: (ms, run) => timer.later(ms, run) },
      log: silentLog,
    });
    gone.open();
    timer.fire();
    await timer.until(() => cut !== undefined);
    gone[Symbol.dispose]();
    await cut;
    await setImmediate();
    assert.equal(asked.length, 1);
    assert.deepEqual(timer.waiting, []);
  });
});

describe("lastWork", () => {
  it("takes no time from the future, and none that is no time", () => {
    const list = [{ last_activity: "2030-01-01T00:00:00Z" }];
    assert.equal(lastWork(JSON.stringify(list), NOW), NOW);
    for (const odd of ["{}", "[]", "null", "[null]", '[{"last_activity":"soon"}]', "[[1],2]"]) {
      assert.equal(lastWork(odd, NOW), 0, odd);
    }
  });
});
