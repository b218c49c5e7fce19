/** Starts contained-hub.ts in a container of its own and speaks with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { ServerSpec, ServerState, Upstream } from "#src/spawners/spawner.ts";
import type { ServerId } from "#src/stores/records.ts";
import type { ContainedHubCall, ContainedHubSettings } from "./contained-hub.ts";
import type { DockerRun } from "./docker.ts";

const REPOSITORY = resolve(dirname(import.meta.filename), "../..");
/** Everything that Node needs, and what the notebook's image is made of, too. */
const BASE_IMAGE = "debian:trixie-slim";

export interface ContainedHub extends AsyncDisposable {
  readonly container: string;
  /** Its address on the interface with the default route, where port 8000 answers with the instance's id. */
  readonly address: string;
  start(spec: ServerSpec): Promise<Upstream>;
  stop(serverId: ServerId): Promise<void>;
  list(): Promise<readonly ServerState[]>;
  fetch(url: string, secret: string): Promise<number>;
  /** `kill -9`, and the container is removed: the next hub is another container. */
  kill(): Promise<void>;
}

/** `network`: a bridge of the hub's own, as compose makes one. */
export async function startContainedHub(
  run: DockerRun,
  network: string,
  settings: ContainedHubSettings["spawner"],
): Promise<ContainedHub> {
  const { instanceId } = run.secrets;
  const environment: ContainedHubSettings = { spawner: settings, instanceId, labels: run.labels };
  const name = `contained-hub-${instanceId}-${Math.random().toString(36).slice(2, 8)}`;
  const args = ["run", "--rm", "--interactive", "--init", "--name", name, "--label", run.label];
  args.push("--network", network, "--sysctl", "net.ipv4.ip_forward=0");
  args.push("--env", `CONTAINED_HUB=${JSON.stringify(environment)}`);
  args.push("--volume", `${REPOSITORY}:/app:ro`, "--volume", `${process.execPath}:/node:ro`);
  args.push("--volume", "/var/run/docker.sock:/var/run/docker.sock", "--workdir", "/app");
  args.push(BASE_IMAGE, "/node", "test/support/contained-hub.ts");
  const child = spawn("docker", args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function read(): Promise<Readonly<Record<string, unknown>>> {
    const line = await lines.next();
    if (line.done === true) throw new Error("the contained hub has ended");
    // Written by contained-hub.ts.
    return JSON.parse(line.value) as Record<string, unknown>;
  }
  async function ask<Answer>(call: ContainedHubCall): Promise<Answer> {
    child.stdin.write(`${JSON.stringify(call)}\n`);
    const { result, error } = await read();
    if (error !== undefined) throw new Error(JSON.stringify(error));
    return result as Answer;
  }
  const hello = await read();
  const container = await run.cli("inspect", "--format", "{{.Id}}", name);
  return {
    container,
    address: String(hello["address"]),
    start: (spec) => ask({ call: "start", spec }),
    stop: (serverId) => ask({ call: "stop", serverId }),
    list: () => ask({ call: "list" }),
    fetch: (url, secret) => ask({ call: "fetch", url, secret }),
    async kill() {
      await run.cli("kill", name);
      await exited;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
