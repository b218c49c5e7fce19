/** The whole hub in a container, as on a box, with this tree in place of an image: it reaches servers as it does there. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, docker } from "./docker.ts";
import { HttpClient } from "./http-client.ts";
import { OWNER, OWNER_PASSWORD } from "./test-hub.ts";

const REPOSITORY = resolve(dirname(import.meta.filename), "../..");
const BASE_IMAGE = "debian:trixie-slim";

export class HubInContainer implements AsyncDisposable {
  readonly #run: DockerRun;
  readonly #dataDir: string;
  #container = "";
  #origin = "";

  private constructor(run: DockerRun, dataDir: string) {
    this.#run = run;
    this.#dataDir = dataDir;
  }

  /** `config` is what stands in `homeroom.yaml`. */
  static async start(run: DockerRun, config: unknown): Promise<HubInContainer> {
    const dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
    await writeFile(join(dataDir, "secrets.json"), JSON.stringify(run.secrets), { mode: 0o600 });
    // JSON is YAML.
    await writeFile(join(dataDir, "homeroom.yaml"), JSON.stringify(config));
    const hub = new HubInContainer(run, dataDir);
    await hub.up();
    return hub;
  }

  get origin(): string {
    return this.#origin;
  }

  /** A container made anew: nothing of the one before is left but the data folder. */
  async up(): Promise<void> {
    const volumes = [
      `${REPOSITORY}:/app:ro`,
      `${process.execPath}:/node:ro`,
      `${this.#dataDir}:/data`,
      "/var/run/docker.sock:/var/run/docker.sock",
    ].flatMap((volume) => ["--volume", volume]);
    const env = ["HOMEROOM_DATA=/data", "HOMEROOM_BIND=default-route", "HOMEROOM_PORT=8000"];
    const settings = env.flatMap((one) => ["--env", one]);
    const sysctl = ["--sysctl", "net.ipv4.ip_forward=0"];
    const options = ["--detach", "--init", "--label", this.#run.label, "--workdir", "/app"];
    const command = [BASE_IMAGE, "/node", "src/main.ts"];
    const args = [...options, ...sysctl, ...volumes, ...settings, ...command];
    this.#container = await docker("run", ...args);
    await this.#answering();
  }

  async restart(): Promise<void> {
    await docker("restart", "--time", "10", this.#container);
    await this.#answering();
  }

  async down(): Promise<void> {
    await docker("rm", "--force", this.#container);
  }

  client(): HttpClient {
    return new HttpClient(this.#origin);
  }

  async setUp(): Promise<HttpClient> {
    const box = await this.#console("/hub/api/box");
    const { setup_code: code } = JSON.parse(box) as { setup_code: string };
    const owner = this.client();
    await owner.get("/hub/setup");
    const person = { username: OWNER, display_name: "Ada Lovelace" };
    const words = { password: OWNER_PASSWORD, password_repeat: OWNER_PASSWORD };
    const answer = await owner.post("/hub/setup", { code, ...person, ...words });
    if (answer.status !== 302) throw new Error(`set-up answered ${answer.status}`);
    return owner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  async #console(path: string): Promise<string> {
    const socketPath = join(this.#dataDir, "control.sock");
    const client = new HttpClient("http://localhost", { socketPath });
    const answer = await client.get(path);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    return answer.text;
  }

  /** The control socket opens after the port. */
  async #answering(): Promise<void> {
    const end = performance.now() + 120_000;
    while ((await this.#console("/hub/health").catch(() => undefined)) === undefined) {
      if (performance.now() >= end) throw new Error(await docker("logs", this.#container));
      await sleep(100);
    }
    const format = "{{.NetworkSettings.Networks.bridge.IPAddress}}";
    this.#origin = `http://${await docker("inspect", "--format", format, this.#container)}:8000`;
  }
}
