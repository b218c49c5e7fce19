/** The place apart, on the real engine with the real notebook image: what a program in it cannot do. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { configSchema } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import { createDocker } from "#src/spawners/docker/create-docker.ts";
import type { Sandbox } from "#src/spawners/sandbox.ts";
import { createDockerRun, type DockerRun } from "#test/support/docker.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { soon } from "#test/support/spawner-world.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";

describe("a place apart for reading", { timeout: 300_000 }, () => {
  let run: DockerRun;
  let sandbox: Sandbox;
  const opened: AsyncDisposable[] = [];

  function open(image: string): Sandbox {
    const config = v.parse(configSchema, { spawner: { image, pool: run.pool } }).spawner;
    const { instanceId } = run.secrets;
    const made = createDocker({ config, instanceId, log: silentLog, labels: run.labels });
    opened.push(made.spawner);
    return made.sandbox;
  }

  before(async () => {
    run = await createDockerRun();
    sandbox = open(await notebookImage());
  });
  after(async () => {
    for (const each of opened) await each[Symbol.asyncDispose]();
    await run?.[Symbol.asyncDispose]();
  });

  const program = (text: string, input: string | Readable = "", signal = soon()) =>
    sandbox.python(text, typeof input === "string" ? Readable.from([input]) : input, signal);

  it("gives a program its input, and back what it prints and how it ended", async () => {
    const text =
      "import sys; print(sys.stdin.read().upper()); print('no', file=sys.stderr); exit(7)";
    const end = await program(text, "héllo");
    assert.deepEqual(end, { exitCode: 7, output: "HÉLLO\n", errors: "no\n" });
  });

  it("has neither network nor rights, and no file but in memory", async () => {
    const text = `
import os, socket
for path in ("/home/jovyan/x", "/opt/x", "/run/x", "/etc/x"):
    try: open(path, "w"); print("wrote", path)
    except OSError: pass
open("/tmp/x", "w").write("x")
print(os.getuid(), sorted(os.listdir("/sys/class/net")))
print([line for line in open("/proc/self/status") if line.startswith(("CapEff", "NoNewPrivs"))])
try: socket.create_connection(("1.1.1.1", 80), 2)
except OSError: print("no way out")
`;
    const { output, errors } = await program(text);
    assert.equal(
      output,
      `1000 ['lo']\n['CapEff:\\t0000000000000000\\n', 'NoNewPrivs:\\t1\\n']\nno way out\n`,
      errors,
    );
  });

  it("ends a program that takes too much memory, in its files, too", async () => {
    assert.equal((await program("x = bytearray(400 * 1024 ** 2)")).exitCode, 137);
    const text = `
try:
    with open("/tmp/x", "wb") as file:
        while True: file.write(bytes(1024 ** 2))
except OSError as error: print(error.errno)
`;
    assert.equal((await program(text)).output, "28\n");
  });

  it("ends a program that prints without end, or takes for ever", async () => {
    await assert.rejects(
      program("while True: print('x' * 10_000)"),
      (error) => error instanceof HubError && error.code === "spawner_failed",
    );
    const running = (...all: readonly string[]) =>
      run.cli("ps", ...all, "--quiet", "--filter", `label=${run.label}`);
    const abort = new AbortController();
    const ended = assert.rejects(program("while True: pass", "", abort.signal));
    while ((await running()) === "") await sleep(50);
    abort.abort();
    await ended;
    assert.equal(await running("--all"), "");
  });

  it("takes no more input than the program does, and says when the input breaks", async () => {
    let asked = 0;
    const endless = new Readable({
      read() {
        asked += 1;
        this.push(Buffer.alloc(65_536));
      },
    });
    const end = await program("import sys; sys.stdin.read(1); print('enough')", endless);
    assert.equal(end.output, "enough\n");
    assert.equal(endless.destroyed, true);
    assert.ok(asked < 100_000);
    const breaking = Readable.from(
      (async function* () {
        yield "begin";
        throw new Error("the cable was pulled");
      })(),
    );
    await assert.rejects(program("import sys; sys.stdin.read()", breaking), /cable was pulled/);
  });

  it("says so when the image has no Python", async () => {
    const without = open(await buildStubNotebook());
    const end = await without.python("print(1)", Readable.from([""]), soon());
    assert.equal(end.exitCode, 127);
  });
});
