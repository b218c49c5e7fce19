/** The program as people run it: exit codes, what stands on which output, and how it ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeFolder, type Folder } from "#test/support/folder.ts";
import { freePort, runMain, startHubProcess } from "#test/support/hub-process.ts";
import { eventually } from "#test/support/raw-sockets.ts";

/** These tests are not about Docker. */
const env = { HOMEROOM_DOCKER_SOCKET: "/nonexistent/docker.sock", HOMEROOM_LOG_LEVEL: "warn" };

describe("the program", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  const main = (line: string, more: { env?: Record<string, string>; input?: string } = {}) =>
    runMain(line === "" ? [] : line.split(" "), {
      dataDir: folder.path,
      ...more,
      env: { ...env, ...more.env },
    });

  async function startHub() {
    return startHubProcess({ port: await freePort(), dataDir: folder.path, env });
  }

  it("checks its configuration with exit codes 0 and 2", async () => {
    const good = await main("--check-config");
    assert.equal(good.code, 0, good.stderr);
    const bad = await main("--check-config --port=x", { env: { HOMEROOM_BASE_PATH: "/x" } });
    assert.equal(bad.code, 2);
    assert.equal(bad.stderr.trimEnd().split("\n").length, 2);
    const serve = await main("", { env: { HOMEROOM_BASE_PATH: "/x" } });
    assert.equal(serve.code, 2);
    assert.deepEqual(await readdir(folder.path), [], "nothing was started");
  });

  it("reads homeroom.yaml of its data folder and names its lines", async () => {
    await writeFile(join(folder.path, "homeroom.yaml"), "title: x\nlisten:\n  prot: 1\n");
    const done = await main("user list");
    assert.equal(done.code, 2);
    assert.match(done.stderr, /homeroom\.yaml:3: “listen\.prot” is not a setting/);
  });

  it("shows where to go and the set-up code at its first start, and ends at SIGTERM with code 0", async () => {
    const hub = await startHub();
    const code = await main("setup-code");
    assert.match(code.stdout, /^[A-Z0-9-]{6,}\n$/);
    for (const words of [code.stdout.trim(), `${hub.origin}/`]) {
      assert.ok(await eventually(() => hub.output().includes(words), 60_000), hub.output());
    }
    await hub.kill("SIGTERM");
    assert.equal(hub.child.exitCode, 0, hub.output());
  });

  it("keeps what is in its data folder from other users of the machine", async () => {
    const hub = await startHub();
    await hub.kill("SIGTERM");
    for (const name of await readdir(folder.path, { recursive: true })) {
      const { mode } = await stat(join(folder.path, name));
      assert.equal(mode & 0o077, 0, name);
    }
  });

  it("says in words that another hub has the data folder, and leaves it alone", async () => {
    await using hub = await startHub();
    const second = await main("", { env: { HOMEROOM_PORT: String(await freePort()) } });
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^homeroom: .*(another Homeroom|other one)/m);
    assert.equal((await main("health")).code, 0, hub.output());
  });

  it("says in words that its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    assert.ok(address !== null && typeof address === "object");
    const done = await main(`--port=${address.port}`);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /^homeroom: Port \d+ on 127\.0\.0\.1 is already used/m);
    other.close();
  });

  it("says in words that the database is damaged, when there is no copy of it", async () => {
    await (await startHub()).kill("SIGTERM");
    await rm(join(folder.path, "exports"), { recursive: true });
    await writeFile(join(folder.path, "db", "CURRENT"), "");
    for (const line of ["", "user list"]) {
      const done = await main(line, { env: { HOMEROOM_PORT: String(await freePort()) } });
      assert.equal(done.code, 1);
      assert.match(done.stderr, /^homeroom: The database in .* cannot be read: /m);
    }
  });

  describe("commands", () => {
    const hubs = {
      "with a hub": startHub,
      "without a hub": () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
      "after a hub that was killed": async () => {
        await (await startHub()).kill("SIGKILL");
        return { [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    };
    for (const [name, prepare] of Object.entries(hubs)) {
      it(`do the same ${name}`, async () => {
        await using _hub = await prepare();
        const added = await main("user add maria --role teacher");
        assert.equal(added.code, 0, added.stderr);
        assert.match(added.stdout, /^\S+\n$/);
        const twice = await main("user add MARIA");
        assert.equal(twice.code, 1);
        assert.match(twice.stderr, /already someone with the user name maria/);
        const odd = await main("user add ../maria");
        assert.equal(odd.code, 1);
        assert.match(odd.stderr, /cannot be a user name/);
        const own = await main("user add ada --role owner --password-stdin", {
          input: "correct horse battery\n",
        });
        assert.equal(own.code, 0, own.stderr);
        assert.equal((await main("setup-code")).stdout, "");
        const reset = await main("user reset maria");
        assert.match(reset.stdout, /^\S+\n$/);
        assert.notEqual(reset.stdout, added.stdout);
        assert.equal((await main("user remove maria")).code, 0);
        const gone = await main("user remove maria");
        assert.equal(gone.code, 1);
        assert.match(gone.stderr, /nobody with the user name maria/);
        const list = await main("user list --json");
        const users = JSON.parse(list.stdout) as readonly { readonly name: string }[];
        assert.deepEqual(
          users.map((user) => user.name),
          ["ada"],
        );
        assert.equal(list.stderr, "");
      });
    }

    for (const [name, prepare] of Object.entries(hubs)) {
      it(`keep accounts through all that happens to them, ${name}`, async () => {
        await using _hub = await prepare();
        const done = async (line: string, input?: string) => {
          const { code, stdout, stderr } = await main(line, input === undefined ? {} : { input });
          assert.equal(code, 0, `${line}: ${stderr}`);
          return stdout;
        };
        await done("user add ada --role owner");
        await done("user add maria --display María");
        await done("user rename MARIA mia --display=Mia");
        await done("user disable mia");
        assert.match(await done("user show mia"), /^State: +locked since /m);
        await done("user enable mia");
        await done("user role mia teacher");
        await done("user sign-out mia");
        await done("user remove mia");
        await done("user add mia");
        const taken = await main("user restore mia");
        assert.equal(taken.code, 1);
        assert.match(taken.stderr, /mia\. Choose another with: .*--as/);
        await done("user restore Mia --as maria");
        assert.match(await done("user list"), /^maria +Mia +teacher +active /m);
        await done("user remove mia");
        await done("user erase mia", "mia\n");
        assert.match(await done("sign-up code --hours 1"), /^\S+\n$/);
        await done("sign-up off");
        assert.match(await done("audit --about maria"), /user\.restored/);
        assert.match(await done("audit --csv"), /,user\.renamed,/);
      });

      it(`let the owner back in, ${name}`, async () => {
        await using _hub = await prepare();
        const nobody = await main("reset-owner");
        assert.equal(nobody.code, 1);
        assert.match(nobody.stderr, /setup-code/);
        const added = await main("user add ada --role owner");
        const reset = await main("reset-owner");
        assert.equal(reset.code, 0, reset.stderr);
        assert.match(reset.stdout, /^\S{8,}\n$/);
        assert.notEqual(reset.stdout, added.stdout);
        await main("user add bo --role owner");
        const which = await main("reset-owner");
        assert.equal(which.code, 1);
        assert.equal(which.stdout, "");
        assert.match(which.stderr, /ada, bo/);
        assert.equal((await main("reset-owner BO")).code, 0);
      });

      it(`look whether the box is well, ${name}`, async () => {
        await using _hub = await prepare();
        await main("user add ada --role owner");
        const look = async () => {
          const done = await main("doctor --json");
          // There is no Docker at this socket; everything else can be looked at.
          assert.equal(done.code, 1, done.stderr);
          const { checks } = JSON.parse(done.stdout) as {
            checks: readonly { name: string; status: string; text: string }[];
          };
          return new Map(checks.map((check) => [check.name, check]));
        };
        const isLate = ({ text }: { text: string }) => text.startsWith("This look did not end");
        let found = await look();
        // As it says of a machine that stood still for so long.
        while (Array.from(found.values()).some(isLate)) found = await look();
        assert.equal(found.get("docker")?.status, "bad");
        for (const name of ["memory", "clock", "database", "exports", "secrets"]) {
          assert.equal(found.get(name)?.status, "ok", `${name}: ${found.get(name)?.text}`);
        }
        assert.match(found.get("owners")?.text ?? "", /^ada is the only owner/);
      });
    }

    it("look at the box when the database cannot be opened, too", async () => {
      await (await startHub()).kill("SIGTERM");
      await rm(join(folder.path, "exports"), { recursive: true, force: true });
      await writeFile(join(folder.path, "db", "CURRENT"), "");
      const done = await main("doctor");
      assert.equal(done.code, 1);
      assert.match(done.stdout, /^bad +Database +The database in .* cannot be read/m);
      assert.match(done.stdout, /^(?:ok|!) +Data disk /m);
      assert.match(done.stdout, /^ok +Secrets /m);
    });

    it("wait for one another: none is refused because another has the database open", async () => {
      const names = ["ana", "juan", "maria", "wei"];
      const done = await Promise.all(names.map((name) => main(`user add ${name}`)));
      assert.deepEqual(
        done.map(({ code, stderr }) => (code === 0 ? "" : stderr)),
        names.map(() => ""),
      );
    });
  });

  it("says on the console that the database was restored, and has everybody who was there", async () => {
    await main("user add ana --role owner");
    await rm(join(folder.path, "db"), { recursive: true });
    const hub = await startHub();
    await hub.kill("SIGTERM");
    assert.match(hub.output(), /^homeroom: The database was damaged .* Nothing was lost\./m);
    const list = await main("user list");
    assert.match(list.stdout, /\bana\b/);
  });

  it("ends at once when it is asked for the second time", async () => {
    const hub = await startHub();
    hub.child.kill("SIGINT");
    hub.child.kill("SIGINT");
    const [code] = (await once(hub.child, "exit")) as [number | null];
    assert.ok(code === 0 || code === 1);
  });
});
