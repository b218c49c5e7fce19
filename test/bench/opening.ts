/** From the sign-in's POST to JupyterLab, against the same image started by `docker run`. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createDockerRun, type DockerRun } from "#test/support/docker.ts";
import { HttpClient } from "#test/support/http-client.ts";
import {
  OWNER,
  OWNER_PASSWORD,
  type TestHub,
  createTestHub,
  signIn,
} from "#test/support/test-hub.ts";
import { median, report } from "./figures.ts";

const run = promisify(execFile);

export async function benchOpening(image: string, rounds: number): Promise<void> {
  await using docker = await createDockerRun();
  await using box = await createTestHub({
    config: { spawner: { image, pool: docker.pool } },
    secrets: docker.secrets,
  });
  await box.setUp();
  await openOnce(box);
  await bareOnce(docker, image);
  const bare: number[] = [];
  const ours: number[] = [];
  const redirects: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await bareOnce(docker, image));
    const opened = await openOnce(box);
    ours.push(opened.ms);
    redirects.push(opened.redirects);
  }
  report(`bare docker run to first answer, median of ${rounds}`, median(bare), "ms");
  report(`sign-in POST to JupyterLab, median of ${rounds}`, median(ours), "ms");
  report("difference", median(ours) - median(bare), "ms", "≤ 800");
  report("redirects from sign-in to JupyterLab, most", Math.max(...redirects), "", "≤ 3");
}

/** As a browser would: the POST, its redirects, and the waiting room's own look every 50 ms. */
async function openOnce(box: TestHub): Promise<{ ms: number; redirects: number }> {
  const client = box.client();
  await client.get("/hub/login?next=%2Fhub%2Fspawn");
  const started = performance.now();
  const signedIn = await signIn(client, "/", OWNER, OWNER_PASSWORD, "/hub/spawn");
  let answer = await client.get(signedIn.location, { follow: true });
  let redirects = 1 + answer.redirects;
  const lab = `/user/${OWNER}/lab`;
  while (answer.url !== lab || answer.status !== 200) {
    await sleep(50);
    answer = await client.get(lab);
    if (answer.status === 200) redirects += 1;
    if (performance.now() - started > 60_000) throw new Error(`Lab does not open: ${answer.text}`);
  }
  const ms = performance.now() - started;
  await client.get("/hub/home");
  await client.post(`/hub/stop/${OWNER}`);
  return { ms, redirects };
}

/** `docker run`, then the first answer of the page below its address. */
async function bareOnce(docker: DockerRun, image: string): Promise<number> {
  const started = performance.now();
  const { stdout } = await run("docker", [
    "run",
    "--detach",
    "--init",
    "--label",
    docker.label,
    "--env",
    "JUPYTER_TOKEN=bench",
    "--env",
    "JUPYTERHUB_SERVICE_PREFIX=/user/bench/",
    image,
  ]);
  const id = stdout.trim();
  const inspected = await run("docker", [
    "inspect",
    "--format",
    "{{.NetworkSettings.IPAddress}}",
    id,
  ]);
  const client = new HttpClient(`http://${inspected.stdout.trim()}:8888`);
  const headers = { authorization: "token bench" };
  for (;;) {
    const answer = await client.get("/user/bench/lab", { headers }).catch(() => undefined);
    if (answer?.status === 200) break;
    if (performance.now() - started > 60_000) throw new Error("the bare container does not answer");
    await sleep(20);
  }
  const ms = performance.now() - started;
  await run("docker", ["rm", "--force", "--volumes", id]);
  return ms;
}
