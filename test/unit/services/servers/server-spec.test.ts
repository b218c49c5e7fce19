import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { configSchema } from "#src/config/schema.ts";
import { containerSecret } from "#src/services/servers/container-secret.ts";
import { type SpecInput, groupOf, serverSpec } from "#src/services/servers/server-spec.ts";
import { makeId } from "#src/stores/ids.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { GroupRecord, ServerRecord } from "#src/stores/records.ts";
import { accountWrites, userRecord } from "#test/support/records.ts";

const GIB = 1024 ** 3;
const maria = userRecord("maria", { displayName: "María López" });
const server: ServerRecord = {
  id: makeId(),
  userId: maria.id,
  name: "",
  generation: 3,
  options: {},
};
const group: GroupRecord = {
  id: makeId(),
  number: 1,
  name: "Class",
  created: "2026-01-01T00:00:00.000Z",
  isDefault: true,
  signUp: { mode: "off" },
};

function inputOf(changes: Partial<SpecInput> = {}, spawner = {}, basePath = "/"): SpecInput {
  const config = { ...v.parse(configSchema, { spawner }).spawner, basePath };
  return {
    user: maria,
    server,
    generation: 3,
    group,
    config,
    secrets: { instanceKey: "a2V5" },
    ...changes,
  };
}

describe("what a server is to be", () => {
  it("is all there, for a plain box", () => {
    const secret = containerSecret("a2V5", server.id, 3);
    assert.deepEqual(serverSpec(inputOf()), {
      userId: maria.id,
      serverId: server.id,
      generation: 3,
      profile: "default",
      kind: "jupyter",
      baseUrl: "/user/maria/",
      secret,
      environment: {
        HOME: "/home/jovyan",
        NB_UID: "1000",
        JUPYTERHUB_USER: "maria",
        JUPYTERHUB_SERVER_NAME: "",
        JUPYTERHUB_BASE_URL: "/",
        JUPYTERHUB_SERVICE_PREFIX: "/user/maria/",
        JUPYTERHUB_HOST: "",
        HOMEROOM_HUB_PREFIX: "/hub/",
        HOMEROOM_DISPLAY_NAME: "María López",
        MEM_LIMIT: String(GIB),
        CPU_LIMIT: "2",
        JUPYTER_TOKEN: secret,
        NOTEBOOK_ARGS: "--ServerApp.base_url=/user/maria/ --ServerApp.allow_remote_access=True",
      },
      limits: { memoryBytes: GIB, cpus: 2, pids: 256 },
      network: "none",
    });
  });

  it("stands below the base path", () => {
    const spec = serverSpec(inputOf({}, {}, "/a/b/"));
    assert.equal(spec.baseUrl, "/a/b/user/maria/");
    assert.equal(spec.environment["JUPYTERHUB_SERVICE_PREFIX"], "/a/b/user/maria/");
    assert.equal(spec.environment["HOMEROOM_HUB_PREFIX"], "/a/b/hub/");
  });

  it("takes limits from the class's profile, and the rest from the box", () => {
    const profiles = { big: { image: "big", memoryBytes: 4 * GIB, port: 9000 } };
    const spec = serverSpec(
      inputOf({ group: { ...group, profile: "big" } }, { profiles, cpus: 3, internet: true }),
    );
    assert.equal(spec.profile, "big");
    assert.deepEqual(spec.limits, { memoryBytes: 4 * GIB, cpus: 3, pids: 256 });
    assert.equal(spec.environment["MEM_LIMIT"], String(4 * GIB));
    assert.equal(spec.network, "internet");
  });

  it("is refused when the class's profile is not configured, whatever it is called", () => {
    for (const profile of ["gone", "constructor", "__proto__"]) {
      assert.throws(() => serverSpec(inputOf({ group: { ...group, profile } })), {
        code: "profile_missing",
        params: { profile },
      });
    }
  });

  it("gives no token of the hub to a container, and none of Jupyter's to another web app", () => {
    const profiles = { app: { image: "app", kind: "web" } };
    const web = serverSpec(inputOf({ group: { ...group, profile: "app" } }, { profiles }));
    assert.equal(web.environment["JUPYTER_TOKEN"], undefined);
    assert.equal(web.environment["NOTEBOOK_ARGS"], undefined);
    for (const { environment } of [web, serverSpec(inputOf())]) {
      assert.equal(environment["JUPYTERHUB_API_TOKEN"], undefined);
    }
  });

  it("is plain JSON", () => {
    const spec = serverSpec(inputOf());
    assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec);
  });
});

describe("the class of a server", () => {
  it("is the first of the person's classes; none for somebody without", async () => {
    const store = createMemoryStore();
    const groups = [3, 2].map((number) => ({ ...group, id: makeId<"group">(), number }));
    await store.change(() => ({
      writes: [
        ...accountWrites(maria),
        ...groups.flatMap(
          (each) =>
            [
              { put: "groups", key: each.id, record: each },
              {
                put: "members",
                key: `${each.id}!${maria.id}`,
                record: { groupId: each.id, userId: maria.id, role: "student" },
              },
            ] as const,
        ),
      ],
      result: undefined,
    }));
    assert.equal(groupOf(store, maria)?.number, 2);
    assert.equal(groupOf(store, userRecord("juan")), undefined);
  });
});
