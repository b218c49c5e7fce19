/** The real notebook image, and containers of it as locked down as the hub's. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildImage } from "./build-image.ts";
import { type DockerRun, docker } from "./docker.ts";
import { Kernel } from "./kernel.ts";

const execute = promisify(execFile);
const folder = fileURLToPath(new URL("../../images/notebook", import.meta.url));

/** The image that HOMEROOM_NOTEBOOK_IMAGE names, else one built now. Gives back its tag. */
export async function notebookImage(): Promise<string> {
  const named = process.env["HOMEROOM_NOTEBOOK_IMAGE"];
  if (named !== undefined && named !== "") return named;
  return buildImage({ folder, tag: "homeroom-test-notebook", kind: "notebook" });
}

export const SECRET = "a-secret-of-this-container-alone";
export const PREFIX = "/jupyterhub/user/maria/";

const environment = {
  HOME: "/home/jovyan",
  HOMEROOM_DISPLAY_NAME: "María López",
  HOMEROOM_HUB_PREFIX: "/jupyterhub/hub/",
  JUPYTERHUB_BASE_URL: "/jupyterhub/",
  JUPYTERHUB_HOST: "",
  JUPYTERHUB_SERVER_NAME: "",
  JUPYTERHUB_SERVICE_PREFIX: PREFIX,
  JUPYTERHUB_USER: "maria",
  JUPYTER_TOKEN: SECRET,
  NB_UID: "1000",
};

const lockedDown = [
  "--init --read-only --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges",
  "--tmpfs /tmp:rw,noexec,nosuid,nodev,size=64m --tmpfs /run:size=16m",
  "--memory 1g --memory-swap 1g --pids-limit 256 --oom-score-adj 500",
].flatMap((options) => options.split(" "));

export interface NotebookOptions {
  readonly image: string;
  /** An internal network of the run. */
  readonly network: string;
  /** Options of `docker run`; without any, the home is a new volume. */
  readonly more?: readonly string[];
  readonly command?: readonly string[];
}

export class Notebook {
  readonly id: string;
  readonly #host: string;

  private constructor(id: string, host: string) {
    this.id = id;
    this.#host = host;
  }

  /** Gives it back as soon as it answers. */
  static async start(run: DockerRun, options: NotebookOptions): Promise<Notebook> {
    const env = Object.entries(environment).flatMap(([name, value]) => [
      "--env",
      `${name}=${value}`,
    ]);
    const where = ["--detach", "--label", run.label, "--network", options.network];
    const id = await docker(
      "run",
      ...where,
      ...lockedDown,
      ...env,
      ...(options.more ?? ["--volume", "/home/jovyan"]),
      options.image,
      ...(options.command ?? []),
    );
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const notebook = new Notebook(id, `${await docker("inspect", "--format", format, id)}:8888`);
    await notebook.#answer();
    return notebook;
  }

  async #answer(): Promise<void> {
    const end = performance.now() + 180_000;
    for (;;) {
      const answer = await fetch(this.url("api")).catch(() => undefined);
      if (answer?.ok === true) return;
      if (performance.now() > end) throw new Error(`no answer; it printed: ${await this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  url(path: string): string {
    return path.startsWith("/")
      ? `http://${this.#host}${path}`
      : `http://${this.#host}${PREFIX}${path}`;
  }

  /** Asks as the hub does; `path` without a leading slash is below the notebook's own. */
  async ask(
    path: string,
    options: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { authorization: `token ${SECRET}`, ...options.headers };
    return fetch(this.url(path), { redirect: "manual", ...options, headers });
  }

  async kernel(): Promise<Kernel> {
    const answer = await this.ask("api/kernels", { method: "POST", body: "{}" });
    const { id } = (await answer.json()) as { id: string };
    return Kernel.open(this.url(`api/kernels/${id}/channels`), SECRET);
  }

  /** Runs a line of shell inside. */
  async shell(line: string): Promise<string> {
    return docker("exec", this.id, "sh", "-c", line);
  }

  /** Everything that it has printed, on either stream. */
  async log(): Promise<string> {
    const { stdout, stderr } = await execute("docker", ["logs", this.id]);
    return stdout + stderr;
  }
}
