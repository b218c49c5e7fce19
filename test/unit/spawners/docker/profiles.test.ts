import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { configSchema } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import { requireProfile, resolveProfiles, upstreamOf } from "#src/spawners/docker/profiles.ts";

function profilesOf(spawner: object) {
  return resolveProfiles(v.parse(configSchema, { spawner }).spawner);
}

describe("profiles", () => {
  it("have a default made of the plain image", () => {
    assert.deepEqual(requireProfile(profilesOf({ image: "lab:1" }), "default"), {
      name: "default",
      image: "lab:1",
      kind: "jupyter",
      port: 8888,
    });
  });

  it("come with their own image, port and command", () => {
    const scratch = { image: "scratch:3", kind: "web", port: 80, command: ["serve", "{port}"] };
    const found = requireProfile(profilesOf({ profiles: { scratch } }), "scratch");
    assert.deepEqual(found, { name: "scratch", ...scratch });
  });

  it("say how their containers answer", () => {
    const app = { image: "app", kind: "web", port: 5000 };
    const profiles = profilesOf({
      profiles: { app, plain: { ...app, stripPrefix: true }, kept: { ...app, stripPrefix: false } },
    });
    const at = (name: string) => upstreamOf(profiles.get(name), "10.0.0.2");
    assert.deepEqual(at("default"), { host: "10.0.0.2", port: 8888 });
    // Removed from the configuration while a container of it runs.
    assert.deepEqual(at("gone"), { host: "10.0.0.2", port: 8888 });
    assert.deepEqual(at("app"), { host: "10.0.0.2", port: 5000, kind: "web" });
    assert.deepEqual(at("plain"), { ...at("app"), stripsPrefix: true });
    assert.deepEqual(at("kept"), at("app"));
  });

  it("may replace the default", () => {
    const profiles = profilesOf({ image: "lab:1", profiles: { default: { image: "lab:2" } } });
    assert.equal(requireProfile(profiles, "default").image, "lab:2");
  });

  it("that are not configured are named, also when they are called like a part of JavaScript", () => {
    for (const name of ["physics", "constructor", "__proto__"]) {
      assert.throws(
        () => requireProfile(profilesOf({}), name),
        (error) => error instanceof HubError && error.code === "profile_missing",
      );
    }
  });
});
