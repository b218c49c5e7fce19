import type { ServerSpec } from "#src/spawners/spawner.ts";
import { makeId } from "#src/stores/ids.ts";
import { FakeSpawner } from "#test/support/fake-spawner.ts";
import { testSpawner } from "./spawner.ts";

function makeSpec(changes: Partial<ServerSpec> = {}): ServerSpec {
  return {
    userId: makeId(),
    serverId: makeId(),
    generation: 1,
    profile: "default",
    kind: "jupyter",
    baseUrl: "/user/maria/",
    secret: "secret",
    environment: {},
    limits: { memoryBytes: 1024 ** 3, cpus: 1, pids: 256 },
    network: "none",
    ...changes,
  };
}

testSpawner("fake", async () => {
  const spawner = new FakeSpawner();
  return { spawner, makeSpec, [Symbol.asyncDispose]: () => spawner[Symbol.asyncDispose]() };
});
