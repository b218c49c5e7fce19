/** The hub's own weight: start to healthy, memory idle, memory after many starts and stops. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDockerRun } from "#test/support/docker.ts";
import { type HubProcess, freePort, runMain, startHubProcess } from "#test/support/hub-process.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { signIn } from "#test/support/test-hub.ts";
import { median, readRssMib, report } from "./figures.ts";

async function rssMib(hub: HubProcess): Promise<number> {
  const pid = hub.child.pid ?? 0;
  return readRssMib(pid, await readFile(`/proc/${pid}/status`, "utf8"));
}

export async function benchProcess(cycles: number): Promise<void> {
  await using docker = await createDockerRun();
  const image = await buildStubNotebook();
  const dataDir = await mkdtemp(join(tmpdir(), "homeroom-bench-"));
  await writeFile(join(dataDir, "secrets.json"), JSON.stringify(docker.secrets), { mode: 0o600 });
  const env = {
    HOMEROOM_NOTEBOOK_IMAGE: image,
    HOMEROOM_POOL: docker.pool,
    NODE_COMPILE_CACHE: join(dataDir, "cache"),
  };
  const port = await freePort();
  try {
    const starts: number[] = [];
    const idle: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      await using hub = await startHubProcess({ port, dataDir, env });
      // The first fills the compile cache, as the image's build does.
      if (round === 0) continue;
      starts.push(hub.startMs);
      await sleep(5000);
      idle.push(await rssMib(hub));
    }
    report("hub: start of the process to healthy, median of 5", median(starts), "ms", "≤ 2000");
    // One alone says little: when the heap was last cleared differs by some MiB.
    report("hub: resident memory, idle, median of 5", median(idle), "MiB", "≤ 110");
    report("hub: resident memory, idle, most of 5", Math.max(...idle), "MiB");
    await using hub = await startHubProcess({ port, dataDir, env });
    await benchCycles(hub, dataDir, cycles);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Start, look, stop; the first quarter warms up, the rest must not grow. */
async function benchCycles(hub: HubProcess, dataDir: string, cycles: number): Promise<void> {
  await runMain(["user", "add", "ann", "--password-stdin"], {
    dataDir,
    input: "ann has many words",
  });
  const ann = hub.client();
  await signIn(ann, "/", "ann", "ann has many words");
  const samples: { cycle: number; mib: number }[] = [];
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await ann.get("/hub/spawn", { follow: true });
      if (answer.url === "/user/ann/lab" && answer.status === 200) break;
      await sleep(50);
    }
    await ann.get("/hub/home");
    await ann.post("/hub/stop/ann");
    if (cycle % 10 === 9) samples.push({ cycle, mib: await rssMib(hub) });
  }
  const settled = samples.slice(Math.floor(samples.length / 4));
  const half = Math.ceil(settled.length / 2);
  const early = median(settled.slice(0, half).map((sample) => sample.mib));
  const late = median(settled.slice(half).map((sample) => sample.mib));
  report(`hub: memory early in ${cycles} start/stop cycles`, early, "MiB");
  report(`hub: memory late in ${cycles} start/stop cycles`, late, "MiB", "no growth");
  report("hub: late by early", late / early, "", "≤ 1.05");
}
