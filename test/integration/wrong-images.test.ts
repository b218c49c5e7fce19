/** Images that cannot serve as a notebook: each is a failure with a name, which says what to do. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ProfileConfig } from "#src/config/schema.ts";
import { HubError, failureText } from "#src/errors.ts";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { buildOtherImage, otherArchitecture } from "#test/support/other-images.ts";
import {
  type SpawnerWorld,
  createSpawnerWorld,
  soon,
  startServer,
} from "#test/support/spawner-world.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { type TestHub, addPerson, createTestHub, signInFirst } from "#test/support/test-hub.ts";

/** Listens and answers nothing. */
function listen(address: string, port: number): string[] {
  const where = `LocalAddr => "${address}", LocalPort => ${port}, Listen => 9`;
  return ["perl", "-MIO::Socket::INET", "-e", `my $l = IO::Socket::INET->new(${where}); sleep 99`];
}

/** Answers every request with this status. */
function answer(status: string): string[] {
  const serve = `while (my $c = $l->accept) { while (<$c>) { last if /^\\r/ } print $c "HTTP/1.1 ${status}\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"; close $c }`;
  const open = "my $l = IO::Socket::INET->new(LocalPort => 8888, Listen => 9, ReuseAddr => 1);";
  return ["perl", "-MIO::Socket::INET", "-e", `${open} ${serve}`];
}

/** Of a start that waits until this is over: enough for the steps before on a busy machine. */
const START_SECONDS = 20;

/** At the same time, for most of them wait. */
const together = { timeout: 600_000, concurrency: true };

describe("an image that cannot serve as a notebook", together, () => {
  let world: SpawnerWorld;

  before(async () => {
    world = await createSpawnerWorld();
  });
  after(() => world?.[Symbol.asyncDispose]());

  async function failureOf(profile: Partial<ProfileConfig>): Promise<HubError> {
    const wrong: ProfileConfig = {
      image: world.image,
      kind: "web",
      port: 8888,
      offered: false,
      ...profile,
    };
    const { spawner } = world.again({ profiles: { wrong }, startTimeoutSeconds: START_SECONDS });
    const spec = world.makeSpec({ profile: "wrong", kind: wrong.kind });
    try {
      await startServer(spawner, spec);
    } catch (error) {
      assert.ok(error instanceof HubError, String(error));
      // What it took is given back: no network, and a container that does not run.
      const networks = await world.run.cli("network", "ls", "-q", "-f", `name=${spec.serverId}`);
      assert.equal(networks, "");
      const state = await spawner.inspect(spec.serverId, soon());
      assert.notEqual(state?.state, "running");
      return error;
    }
    return assert.fail("it started");
  }

  it("is not there", async () => {
    const failure = await failureOf({ image: "quay.example/no/such-image:1" });
    assert.equal(failure.code, "image_missing");
    assert.match(
      failureText(failure.toData(), "teacher"),
      /docker pull quay\.example\/no\/such-im/,
    );
  });

  it("is made for another kind of computer", async () => {
    const { own, other } = await otherArchitecture();
    const platform = ["--platform", `linux/${other}`];
    const image = await buildOtherImage("other-machine", platform);
    const failure = await failureOf({ image });
    assert.equal(failure.code, "wrong_architecture");
    assert.deepEqual(failure.params, { image, made: other, own });
    const profiles = { other: { image, kind: "web", port: 80, offered: false } } as const;
    const { images } = await world.again({ profiles }).spawner.report(soon());
    assert.deepEqual(images, [
      { profile: "default", image: world.image, isThere: true },
      { profile: "other", image, isThere: true, madeFor: other },
    ]);
  });

  it("has no such command", async () => {
    const failure = await failureOf({ command: ["no-such-program"] });
    assert.deepEqual([failure.code, failure.params], ["no_command", { exit_code: 127 }]);
    const unallowed = await failureOf({ command: ["/etc/passwd"] });
    assert.deepEqual([unallowed.code, unallowed.params], ["no_command", { exit_code: 126 }]);
  });

  it("ends at once", async () => {
    const failure = await failureOf({ command: ["sh", "-c", "exit 3"] });
    assert.deepEqual([failure.code, failure.params], ["exited_at_once", { exit_code: 3 }]);
  });

  it("never listens", async () => {
    const failure = await failureOf({ command: ["sleep", "99"] });
    assert.deepEqual(
      [failure.code, failure.params],
      ["never_answered", { port: 8888, seconds: 16 }],
    );
  });

  it("listens for its own container alone", async () => {
    const failure = await failureOf({ command: listen("127.0.0.1", 8888) });
    assert.deepEqual([failure.code, failure.params], ["answers_inside", { port: 8888 }]);
  });

  it("listens on another port", async () => {
    const failure = await failureOf({ command: listen("0.0.0.0", 8501) });
    const params = { port: 8888, others: "8501" };
    assert.deepEqual([failure.code, failure.params], ["answers_elsewhere", params]);
  });

  it("does not know its address, whether it is Jupyter or not", async () => {
    const params = { port: 8888, path: "/user/maria/" };
    for (const kind of ["web", "jupyter"] as const) {
      const failure = await failureOf({ kind, command: answer("404 Not Found") });
      assert.deepEqual([failure.code, failure.params], ["base_unknown", params], kind);
    }
  });

  it("answers with its own failure", async () => {
    const failure = await failureOf({ command: answer("500 Oops") });
    assert.equal(failure.code, "answered_garbage");
    assert.match(String(failure.params["detail"]), /^status 500 for \/user\/maria\/$/);
  });
});

describe("a start from an image that cannot serve", { timeout: 600_000 }, () => {
  const api = "/hub/api/users/maria";
  let docker: DockerRun;
  let box: TestHub;
  let owner: HttpClient;
  let maria: HttpClient;

  before(async () => {
    docker = await createDockerRun();
    const image = await buildStubNotebook();
    const common = { image, kind: "web", port: 8888, offered: true } as const;
    const profiles = {
      inner: { ...common, command: listen("127.0.0.1", 8888) },
      nothing: { ...common, command: ["no-such-program"] },
    };
    const spawner = { image, profiles, pool: docker.pool, startTimeoutSeconds: 30 };
    box = await createTestHub({ config: { spawner }, secrets: docker.secrets });
    owner = await box.setUp();
    const person = { displayName: "María López", username: "maria" };
    const password = await addPerson(owner, "/", person);
    maria = box.client();
    await signInFirst(maria, "/", "maria", password, "my own words");
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  for (const [profile, code, student, teacher] of [
    ["inner", "answers_inside", /did not open properly/, /Let it listen on 0\.0\.0\.0/],
    ["nothing", "no_command", /did not start\. Tell your teacher/, /command could not be run/],
  ] as const) {
    it(`is known by its reason to programs, the student and the teacher: ${profile}`, async () => {
      await maria.get("/hub/home");
      const headers = { "x-xsrftoken": maria.cookie("_xsrf", api) ?? "" };
      const asked = { method: "POST", json: { profile }, headers };
      let answer = await maria.ask(`${api}/server`, asked);
      while (answer.status === 202) {
        const user = await maria.get(`${api}?include_stopped_servers`);
        const { pending } = JSON.parse(user.text) as { pending: string | null };
        if (pending === null) break;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const user = await maria.get(`${api}?include_stopped_servers`);
      const { servers } = JSON.parse(user.text) as {
        servers: Record<string, { last_failure?: { code: string } }>;
      };
      assert.equal(servers[""]?.last_failure?.code, code, user.text);
      const page = await maria.get("/hub/spawn-pending/maria");
      assert.equal(page.status, 424);
      assert.match(page.text, student);
      assert.match((await owner.get("/hub/admin/people/maria")).text, teacher);
    });
  }
});
