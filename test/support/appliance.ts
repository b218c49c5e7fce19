/** The box as people run it: `./homeroom up` with a project, a port and a pool of its own. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./hub-process.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LIMIT = { maxBuffer: 32 * 1024 * 1024, timeout: 15 * 60_000 };

export interface Appliance extends AsyncDisposable {
  readonly project: string;
  readonly origin: string;
  readonly basePath: string;
  /** What `./homeroom up` printed last. */
  output(): string;
  up(): Promise<void>;
  down(): Promise<void>;
  /** `./homeroom` with other words; the answer is its standard output. */
  command(args: readonly string[], input?: string): Promise<string>;
  /** `docker compose` for this project. */
  compose(...args: string[]): Promise<string>;
  hubContainer(): Promise<string>;
  /** Ids of this box's running notebook containers. */
  notebooks(): Promise<readonly string[]>;
}

export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run("docker", args, LIMIT);
  return stdout.trim();
}

export async function startAppliance(options: { basePath?: string } = {}): Promise<Appliance> {
  const project = `homeroom-test-${randomBytes(3).toString("hex")}`;
  const port = await freePort();
  const basePath = options.basePath ?? "/";
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    HOMEROOM_PORT: String(port),
    HOMEROOM_BASE_PATH: basePath,
    HOMEROOM_POOL: `10.${200 + ((randomBytes(1)[0] ?? 0) % 12)}.0.0/20`,
  };
  let output = "";

  async function command(args: readonly string[], input?: string): Promise<string> {
    const child = run(`${ROOT}homeroom`, args, { ...LIMIT, env, cwd: ROOT });
    child.child.stdin?.on("error", () => {});
    child.child.stdin?.end(input ?? "");
    const { stdout } = await child;
    return stdout;
  }

  async function compose(...args: string[]): Promise<string> {
    const { stdout } = await run("docker", ["compose", "--project-name", project, ...args], {
      ...LIMIT,
      env,
      cwd: ROOT,
    });
    return stdout.trim();
  }

  async function instanceId(): Promise<string> {
    const text = await compose("exec", "-T", "--user", "1000", "hub", "cat", "/data/secrets.json");
    return (JSON.parse(text) as { instanceId: string }).instanceId;
  }

  const appliance: Appliance = {
    project,
    origin: `http://127.0.0.1:${port}`,
    basePath,
    output: () => output,
    async up() {
      output = await command(["up"]);
    },
    async down() {
      await command(["down"]);
    },
    command,
    compose,
    hubContainer: () => compose("ps", "--quiet", "hub"),
    async notebooks() {
      const id = await instanceId();
      const found = await docker("ps", "--quiet", "--filter", `label=homeroom.instance=${id}`);
      return found.split("\n").filter((line) => line !== "");
    },
    async [Symbol.asyncDispose]() {
      const id = await instanceId().catch(() => undefined);
      await command(["down"]).catch(() => undefined);
      await compose("down", "--volumes").catch(() => undefined);
      if (id !== undefined) await removeHomes(id);
      // The engine keeps the layers, so that the next run builds as quickly.
      await docker("image", "rm", `${project}-hub`, `${project}-notebook`).catch(() => undefined);
      await rm(`${ROOT}.env.${project}`, { force: true });
    },
  };
  await appliance.up();
  return appliance;
}

/** This box's homes, which `down` keeps on purpose. */
async function removeHomes(instanceId: string): Promise<void> {
  const filter = `label=homeroom.instance=${instanceId}`;
  const volumes = await docker("volume", "ls", "--quiet", "--filter", filter);
  for (const volume of volumes.split("\n").filter((line) => line !== "")) {
    // What the engine is removing just now has it for a moment.
    for (let round = 1; ; round += 1) {
      try {
        await docker("volume", "rm", "--force", volume);
        break;
      } catch (error) {
        if (round === 60) throw error;
        await sleep(1000);
      }
    }
  }
}
