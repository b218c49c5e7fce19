import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Clients } from "#src/session/oauth/clients.ts";
import { makeId } from "#src/stores/ids.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { ServerRecord, UserId, UserRecord } from "#src/stores/records.ts";
import { accountWrites, userRecord } from "#test/support/records.ts";

type Kind = "jupyter" | "singleuser" | "web";

/** People with servers that run, by name and kind. */
async function running(servers: readonly (readonly [string, string, Kind])[]) {
  const store = createMemoryStore();
  const people = new Map<string, UserRecord>();
  const rows: { record: ServerRecord; kind: Kind }[] = [];
  for (const [owner, name, kind] of servers) {
    const user = people.get(owner) ?? userRecord(owner);
    people.set(owner, user);
    const id = makeId<"server">();
    rows.push({ record: { id, userId: user.id, name, generation: 3, options: {} }, kind });
  }
  await store.change(() => ({
    writes: [
      ...[...people.values()].flatMap((user) => [...accountWrites(user)]),
      ...rows.map(({ record }) => {
        return { put: "servers", key: `${record.userId}!${record.id}`, record } as const;
      }),
    ],
    result: undefined,
  }));
  const find = (userId: UserId, name: string) =>
    rows.find(({ record }) => record.userId === userId && record.name === name);
  const clients = new Clients({
    basePath: "/jupyterhub/",
    state: store,
    services: {},
    servers: {
      running: () => rows.map(({ record }) => ({ userId: record.userId, serverName: record.name })),
      route(userId, name) {
        const row = find(userId, name);
        if (row === undefined) return undefined;
        const { record, kind } = row;
        const upstream = { host: "127.0.0.1", port: 1 };
        return { serverId: record.id, generation: 3, kind, upstream, secret: "" };
      },
    },
  });
  return { clients, rows };
}

describe("OAuth clients", () => {
  it("are the servers that ask who visits, as JupyterHub calls them", async () => {
    const { clients } = await running([
      ["maria", "", "singleuser"],
      ["maria", "lab 2", "singleuser"],
      ["jose", "", "jupyter"],
      ["ana", "", "web"],
    ]);
    const addresses = (id: string) => clients.named(id).map(({ redirectUri }) => redirectUri);
    const user = "/jupyterhub/user/maria/";
    assert.deepEqual(addresses("jupyterhub-user-maria"), [`${user}oauth_callback`]);
    assert.deepEqual(addresses("jupyterhub-user-maria-lab%202"), [`${user}lab%202/oauth_callback`]);
    for (const id of ["jupyterhub-user-jose", "jupyterhub-user-ana", "", "service-x"]) {
      assert.deepEqual(addresses(id), [], id);
    }
  });

  it("of the same name are told apart by where they send people back to", async () => {
    const { clients } = await running([
      ["a", "b", "singleuser"],
      ["a-b", "", "singleuser"],
    ]);
    const found = clients.named("jupyterhub-user-a-b").map(({ redirectUri }) => redirectUri);
    assert.deepEqual(found.toSorted(), [
      "/jupyterhub/user/a-b/oauth_callback",
      "/jupyterhub/user/a/b/oauth_callback",
    ]);
  });

  it("ask by their own door as long as they are of that start", async () => {
    const { clients, rows } = await running([["maria", "", "singleuser"]]);
    const serverId = rows[0]?.record.id ?? assert.fail();
    assert.equal(clients.asking({ serverId, generation: 3 })?.owner.name, "maria");
    assert.equal(clients.asking({ serverId, generation: 2 }), undefined);
    assert.equal(clients.asking({ serverId: makeId<"server">(), generation: 3 }), undefined);
  });
});
