/** A whole installation as a process: data folder, port, pool and a corner of the real engine of its own. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, createDockerRun, docker } from "./docker.ts";
import { type Answer, type AskOptions, HttpClient } from "./http-client.ts";
import { type HubProcess, freePort, runMain, startHubProcess } from "./hub-process.ts";
import { buildStubNotebook } from "./stub-notebook.ts";
import { signIn } from "./test-hub.ts";

/** What takes longer does not come at all, however busy the machine is. */
const PATIENCE_MS = 60_000;

export class ProcessBox implements AsyncDisposable {
  readonly docker: DockerRun;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #port: number;
  readonly #isCopy: boolean;
  #hub: HubProcess | undefined;

  private constructor(
    parts: Pick<ProcessBox, "docker" | "dataDir" | "env">,
    port: number,
    isCopy: boolean,
  ) {
    this.docker = parts.docker;
    this.dataDir = parts.dataDir;
    this.env = parts.env;
    this.#port = port;
    this.#isCopy = isCopy;
  }

  /** Not started yet. `folder` is copied, with its instance id, in place of a new one: the same corner of the engine. */
  static async make(
    options: { folder?: ProcessBox; env?: ProcessBox["env"]; dataDir?: string } = {},
  ): Promise<ProcessBox> {
    const run = options.folder?.docker ?? (await createDockerRun());
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "homeroom-test-")));
    await mkdir(dataDir, { recursive: true });
    if (options.folder === undefined) {
      await writeFile(join(dataDir, "secrets.json"), JSON.stringify(run.secrets), { mode: 0o600 });
    } else {
      await options.folder.#copyTo(dataDir);
    }
    const env = {
      HOMEROOM_NOTEBOOK_IMAGE: await buildStubNotebook(),
      HOMEROOM_POOL: run.pool,
      HOMEROOM_STOP_TIMEOUT: "5",
      ...options.env,
    };
    const isCopy = options.folder !== undefined;
    return new ProcessBox({ docker: run, dataDir, env }, await freePort(), isCopy);
  }

  static async start(options: Parameters<typeof ProcessBox.make>[0] = {}): Promise<ProcessBox> {
    const box = await ProcessBox.make(options);
    await box.start();
    return box;
  }

  get hub(): HubProcess {
    if (this.#hub === undefined) throw new Error("it is not started");
    return this.#hub;
  }

  async start(env: ProcessBox["env"] = {}): Promise<void> {
    const { dataDir } = this;
    this.#hub = await startHubProcess({ port: this.#port, dataDir, env: { ...this.env, ...env } });
    // The control socket opens after the port.
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      const answer = await this.console("GET", "health").catch(() => undefined);
      if (answer?.status === 200) return;
      await sleep(20);
    }
    throw new Error("the control socket does not answer");
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.hub.kill(signal);
  }

  async restart(signal: NodeJS.Signals = "SIGKILL", env: ProcessBox["env"] = {}): Promise<void> {
    await this.kill(signal);
    await this.start(env);
  }

  /** As the owner of the box, by the control socket; `path` is below `hub/api/`. */
  console(method: string, path: string, json?: unknown): Promise<Answer> {
    const socketPath = join(this.dataDir, "control.sock");
    const client = new HttpClient("http://localhost", { socketPath });
    const options: AskOptions = { method, ...(json === undefined ? {} : { json }) };
    return client.ask(`/hub/api/${path}`, options);
  }

  /** A command of `src/main.ts`. */
  command(...args: readonly string[]): ReturnType<typeof runMain> {
    return runMain(args, { dataDir: this.dataDir, env: this.env });
  }

  /** Adds somebody with an own password, and signs them in. */
  async addPerson(name: string, role = "student"): Promise<HttpClient> {
    const password = `${name} has many words`;
    const answer = await this.console("POST", "accounts", { name, role, password });
    if (answer.status !== 201) throw new Error(`adding answered ${answer.status}: ${answer.text}`);
    return this.signIn(name);
  }

  async signIn(name: string, password = `${name} has many words`): Promise<HttpClient> {
    const client = this.hub.client();
    const answer = await signIn(client, "/", name, password);
    if (answer.status !== 302) throw new Error(`signing in answered ${answer.status}`);
    return client;
  }

  /** Waits until Lab answers. */
  async openNotebook(client: HttpClient, name: string): Promise<void> {
    let last: Answer | undefined;
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      last = await client.get("/hub/spawn", { follow: true });
      if (last.url === `/user/${name}/lab` && last.status === 200) return;
      await sleep(100);
    }
    throw new Error(`the notebook of ${name} does not open: ${last?.url} ${last?.status}`);
  }

  containers(): Promise<string[]> {
    return this.docker.containers();
  }

  /** Everything of this instance on the engine, by name, as `container hr-…`, sorted. */
  async objects(): Promise<string[]> {
    const filter = ["--filter", `label=homeroom.instance=${this.docker.secrets.instanceId}`];
    const found = await Promise.all([
      docker("ps", "--all", ...filter, "--format", "container {{.Names}}"),
      docker("network", "ls", ...filter, "--format", "network {{.Name}}"),
      docker("volume", "ls", ...filter, "--format", "volume {{.Name}}"),
    ]);
    return found.flatMap((text) => text.split("\n").filter((line) => line !== "")).sort();
  }

  /** As {@link objects}, without throw-away containers, which come and go by themselves. */
  async lasting(): Promise<string[]> {
    return (await this.objects()).filter((name) => !/-task-/.test(name));
  }

  /** As the folder is at one moment: a hub at work renames and clears away what the copy would come to. */
  async #copyTo(dataDir: string): Promise<void> {
    const child = this.#hub?.child;
    const isRunning = child?.exitCode === null && child.signalCode === null;
    if (child === undefined || !isRunning) return copyFolder(this.dataDir, dataDir);
    child.kill("SIGSTOP");
    try {
      while (!(await standsStill(child.pid ?? 0))) await sleep(5);
      await copyFolder(this.dataDir, dataDir);
    } finally {
      child.kill("SIGCONT");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub?.[Symbol.asyncDispose]();
    // What it made is removed with the original.
    if (!this.#isCopy) await this.docker[Symbol.asyncDispose]();
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 }).catch(
      (error: unknown) => {
        // A disk of its own, which goes with whoever mounted it.
        if (!(error instanceof Error && "code" in error && error.code === "EBUSY")) throw error;
      },
    );
  }
}

/** Whether each thread has heeded the signal. */
async function standsStill(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = threads.map(async (id) => {
    const stat = await readFile(`/proc/${pid}/task/${id}/stat`, "utf8").catch(() => undefined);
    // The name in brackets may have anything in it. Absent: that thread has just ended.
    return stat?.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) ?? "T";
  });
  return (await Promise.all(states)).every((state) => state === "T");
}

/** `from` in place of what is in `to`. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, {
    recursive: true,
    preserveTimestamps: true,
    // A socket cannot be copied; backups leave it out as well.
    filter: (source) => !source.endsWith("control.sock"),
  });
}
