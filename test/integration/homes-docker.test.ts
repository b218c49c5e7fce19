/** Homes as volumes on the real engine: the contract of homes, hostile archives, owners. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { buffer } from "node:stream/consumers";
import tar, { type Header } from "tar-stream";
import { HubError } from "#src/errors.ts";
import { makeId } from "#src/stores/ids.ts";
import { filesOf, tarOf, testHomes } from "#test/contract/homes.ts";
import {
  createSpawnerWorld,
  soon,
  type SpawnerWorld,
  startServer,
} from "#test/support/spawner-world.ts";

async function skeletonOf(world: SpawnerWorld): Promise<number> {
  const userId = makeId<"user">();
  await world.homes.ensure(userId, soon());
  const { files } = await world.homes.usage(userId, soon());
  return files;
}

testHomes("docker", async () => {
  const world = await createSpawnerWorld();
  return {
    homes: world.homes,
    skeleton: await skeletonOf(world),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
});

describe("homes on the Docker engine", { timeout: 300_000 }, () => {
  let world: SpawnerWorld;
  before(async () => {
    world = await createSpawnerWorld();
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  /** Runs a command as root in a look-around container that has the volume at `/home/jovyan`. */
  async function lookInto(volume: string, script: string): Promise<string> {
    const args = ["run", "--rm", "--label", world.run.label, "--user", "0:0", "--network", "none"];
    args.push("--volume", `${volume}:/home/jovyan`, "--entrypoint", "/bin/sh");
    return world.run.cli(...args, world.image, "-c", script);
  }

  it("belong to the notebook's user and begin with the image's own files", async () => {
    const spec = world.makeSpec();
    await world.start(spec);
    const own = "stat -c %u /home/jovyan && ls -A /home/jovyan";
    const image = ["run", "--rm", "--label", world.run.label, "--entrypoint", "/bin/sh"];
    const wanted = await world.run.cli(...image, world.image, "-c", own);
    assert.equal(await lookInto(world.volumeOf(spec), own), wanted);
    assert.match(wanted, /^1000\b/);
    await world.run.cli("exec", world.containerOf(spec), "touch", "/home/jovyan/written");
  });

  it("belong to the notebook's user when the image has no such folder, too", async () => {
    // The plain base of all our images knows no jovyan.
    const command = ["true"];
    const bare = { image: "debian:trixie-slim", kind: "web", port: 8888, command } as const;
    const driver = world.again({ profiles: { bare } });
    const spec = world.makeSpec({ profile: "bare" });
    await assert.rejects(startServer(driver.spawner, spec), { code: "exited_at_once" });
    assert.equal(await lookInto(world.volumeOf(spec), "stat -c %u:%g /home/jovyan"), "1000:1000");
    const homes = world.again({ image: "debian:trixie-slim" }).homes;
    const userId = makeId<"user">();
    await homes.ensure(userId, soon());
    const volume = world.volumeOf({ ...spec, userId });
    assert.equal(await lookInto(volume, "stat -c %u:%g /home/jovyan"), "1000:1000");
    await homes.unpack(userId, ".", tarOf({ "a.txt": "a" }), soon());
  });

  it("outlive their servers and are found again by the next", async () => {
    const spec = world.makeSpec();
    await world.start(spec);
    await world.run.cli(
      "exec",
      world.containerOf(spec),
      "sh",
      "-c",
      "echo work > /home/jovyan/work.txt",
    );
    await world.spawner.stop(spec.serverId, soon());
    await world.start({ ...spec, generation: 2 });
    const text = await world.run.cli(
      "exec",
      world.containerOf(spec),
      "cat",
      "/home/jovyan/work.txt",
    );
    assert.equal(text, "work");
  });

  it("can be read and written while their server runs, and are not removed under it", async () => {
    const spec = world.makeSpec();
    await world.start(spec);
    await world.homes.unpack(spec.userId, "handed out", tarOf({ "task.txt": "do it" }), soon());
    const container = world.containerOf(spec);
    const text = await world.run.cli("exec", container, "cat", "/home/jovyan/handed out/task.txt");
    assert.equal(text, "do it");
    await assert.rejects(world.homes.remove(spec.userId, soon()), HubError);
    await world.run.cli("volume", "inspect", world.volumeOf(spec));
  });

  it("are removed together with what a failed server left", async () => {
    const spec = world.makeSpec({ environment: { STUB_MODE: "exit" } });
    await assert.rejects(world.start(spec), { code: "exited_at_once" });
    await world.homes.remove(spec.userId, soon());
    assert.equal(await world.run.cli("volume", "ls", "-q", "-f", `name=${spec.userId}`), "");
  });

  it("carry many megabytes unchanged, no faster than they are read", async () => {
    const userId = makeId<"user">();
    const content = randomBytes(24 * 1024 * 1024);
    const pack = tar.pack();
    pack.entry({ name: "big.bin" }, content);
    pack.finalize();
    await world.homes.unpack(userId, ".", Readable.from(pack), soon());
    const packed = await world.homes.pack(userId, "big.bin", soon());
    await new Promise((resolve) => setTimeout(resolve, 300));
    const extract = tar.extract();
    packed.pipe(extract);
    for await (const entry of extract) assert.ok((await buffer(entry)).equals(content));
  });

  it("leave no container behind a reader who goes away, or an archive that breaks off", async () => {
    const userId = makeId<"user">();
    await world.homes.unpack(userId, ".", tarOf({ "big.txt": "x".repeat(5_000_000) }), soon());
    const packed = await world.homes.pack(userId, ".", soon());
    packed.destroy();
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from(await buffer(tarOf({ "a.txt": "y".repeat(2000) }))).subarray(0, 1024);
      throw new Error("the line is cut");
    }
    await assert.rejects(
      world.homes.unpack(userId, ".", Readable.from(broken(), { objectMode: false }), soon()),
      /the line is cut/,
    );
    const abort = new AbortController();
    const endless = new Readable({ read() {} });
    const waiting = world.homes.unpack(userId, ".", endless, abort.signal);
    setTimeout(() => abort.abort(), 1500);
    await assert.rejects(waiting, { name: "AbortError" });
    const tasks = `label=homeroom.kind=task`;
    const ours = `label=homeroom.instance=${world.run.secrets.instanceId}`;
    const end = performance.now() + 60_000;
    while ((await world.run.cli("ps", "-aq", "-f", tasks, "-f", ours)) !== "") {
      assert.ok(performance.now() < end, "a throw-away container is still there");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it("have throw-away containers of a hub that was killed removed by the next", async () => {
    const { label, secrets } = world.run;
    const labels = [label, `homeroom.instance=${secrets.instanceId}`, "homeroom.kind=task"];
    const args = labels.flatMap((one) => ["--label", one]);
    const id = await world.run.cli("run", "-d", ...args, "debian:trixie-slim", "sleep", "600");
    await world.again().spawner.list(soon());
    const end = performance.now() + 60_000;
    while ((await world.run.cli("ps", "-aq", "--no-trunc", "-f", `id=${id}`)) !== "") {
      assert.ok(performance.now() < end, "it is still there");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  const hostile: Record<
    string,
    readonly (readonly [Partial<Header> & { readonly name: string }, string?])[]
  > = {
    "names that climb out": [[{ name: "../../../../etc/evil" }, "evil"]],
    "absolute names": [
      [{ name: "/etc/evil" }, "evil"],
      [{ name: "/tmp/evil" }, "evil"],
    ],
    "a way through a symbolic link": [
      [{ name: "door", type: "symlink", linkname: "/etc" }],
      [{ name: "door/evil" }, "evil"],
    ],
    "a way through a link that climbs": [
      [{ name: "door", type: "symlink", linkname: "../../etc" }],
      [{ name: "door/evil" }, "evil"],
    ],
    "a hard link to a file of the system": [
      [{ name: "passwd", type: "link", linkname: "/etc/passwd" }],
      [{ name: "passwd" }, "evil"],
    ],
    devices: [
      [{ name: "disk", type: "block-device", devmajor: 254, devminor: 0, mode: 0o666 }],
      [{ name: "memory", type: "character-device", devmajor: 1, devminor: 1, mode: 0o666 }],
    ],
    "files of root that keep their power": [
      [{ name: "rootshell", mode: 0o6755, uid: 0, gid: 0, uname: "root", gname: "root" }, "evil"],
    ],
    "an entry that promises more than there is": [[{ name: "huge", size: 1024 }]],
  };
  for (const [what, entries] of Object.entries(hostile)) {
    it(`take nothing harmful from an archive with ${what}`, async () => {
      const userId = makeId<"user">();
      const archive = Readable.from(rawTar(entries), { objectMode: false });
      await world.homes.unpack(userId, ".", archive, soon()).catch((error: unknown) => {
        assert.ok(error instanceof HubError, String(error));
      });
      const volume = world.volumeOf(world.makeSpec({ userId }));
      const script =
        "cd /home/jovyan && find . -name evil -type f; find . ! -uid 1000; find . -type b -o -type c; " +
        "find . -perm /6000 -uid 0; grep -c evil /etc/passwd; ls /etc/evil /tmp/evil 2>/dev/null || true";
      const found = await lookInto(volume, script);
      const left = found.split("\n").filter((line) => line !== "0");
      // Without its way out a name may become a plain file of the home.
      assert.deepEqual(
        left.filter((line) => !/^\.\/(?:etc|tmp|door)\/evil$/.test(line)),
        [],
      );
      await world.homes.usage(userId, soon());
      await filesOf(await world.homes.pack(userId, ".", soon()));
    });
  }
});

/** A tar as its author wanted it: tar-stream alone would not write some of these. */
function* rawTar(
  entries: readonly (readonly [Partial<Header> & { readonly name: string }, string?])[],
): Generator<Buffer> {
  const types: Record<string, string> = {
    file: "0",
    link: "1",
    symlink: "2",
    "character-device": "3",
    "block-device": "4",
  };
  for (const [header, content] of entries) {
    const block = Buffer.alloc(512);
    const size = header.size ?? content?.length ?? 0;
    const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
    block.write(header.name, 0);
    block.write(octal(header.mode ?? 0o644, 7), 100);
    block.write(octal(header.uid ?? 1000, 7), 108);
    block.write(octal(header.gid ?? 1000, 7), 116);
    block.write(octal(size, 11), 124);
    block.write(octal(0, 11), 136);
    block.write("        ", 148);
    block.write(types[header.type ?? "file"] ?? "0", 156);
    block.write(header.linkname ?? "", 157);
    block.write("ustar\u000000", 257);
    block.write(header.uname ?? "", 265);
    block.write(octal(header.devmajor ?? 0, 7), 329);
    block.write(octal(header.devminor ?? 0, 7), 337);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    yield block;
    if (content === undefined) continue;
    const data = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    data.write(content);
    yield data;
  }
  yield Buffer.alloc(1024);
}
