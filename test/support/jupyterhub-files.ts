/** Files of a JupyterHub, made by JupyterHub itself and its authenticators, in a container. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { buildImage } from "./build-image.ts";
import { docker } from "./docker.ts";
import { notebookImage } from "./notebook-image.ts";

const context = fileURLToPath(new URL("jupyterhub/", import.meta.url));

/** Modules of Python's `dbm`, which FirstUseAuthenticator keeps passwords with: which one depends on the machine. */
export const dbmKinds = ["dbm.gnu", "dbm.ndbm", "dbm.dumb", "dbm.sqlite3"] as const;

export interface WantedJupyterHub {
  readonly users: readonly {
    readonly name: string;
    readonly admin?: boolean;
    readonly groups?: readonly string[];
  }[];
  readonly groups?: readonly string[];
  /** Passwords by name. */
  readonly firstuse?: Readonly<Record<string, string>>;
  readonly native?: readonly {
    readonly name: string;
    readonly password: string;
    readonly authorized?: boolean;
    readonly second_factor?: boolean;
  }[];
  /** What passwords are kept with, each in a folder of its own. */
  readonly dbm?: readonly string[];
}

export interface JupyterHubFiles extends AsyncDisposable {
  readonly folder: string;
  /** The tar that the hub is given; `dbm` is whose file of passwords goes with it. */
  tar(this: void, dbm?: string): Promise<Buffer>;
}

let image: Promise<string> | undefined;

async function buildJupyterHub(): Promise<string> {
  const options = ["--build-arg", `BASE=${await notebookImage()}`];
  const tag = "homeroom-test-jupyterhub";
  return buildImage({ folder: context, tag, kind: "jupyterhub", options });
}

/** Runs Python in a container that has JupyterHub, in this folder of ours. */
export async function runInJupyterHub(folder: string, ...args: readonly string[]): Promise<string> {
  image ??= buildJupyterHub();
  const where = ["--rm", "--network", "none", "--label", "homeroom.test=jupyterhub"];
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const mount = ["--user", user, "--volume", `${folder}:/files`, "--env", "HOME=/tmp"];
  const python = "/opt/jupyterhub/bin/python";
  return docker("run", ...where, ...mount, "--entrypoint", python, await image, ...args);
}

export async function makeJupyterHubFiles(wanted: WantedJupyterHub): Promise<JupyterHubFiles> {
  const folder = await mkdtemp(join(tmpdir(), "homeroom-test-jupyterhub-"));
  await runInJupyterHub(folder, "/opt/jupyterhub/make-files.py", JSON.stringify(wanted));
  return {
    folder,
    tar: (dbm = ".") => tarOfFiles(folder, join(folder, dbm)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** As images/import.sh makes it, with whatever lies in the folders under those names. */
export async function tarOfFiles(folder: string, passwords = folder): Promise<Buffer> {
  const pack = tar.pack();
  await addFiles(pack, folder, "jupyterhub.sqlite", "database/hub.sqlite");
  await addFiles(pack, passwords, "passwords.dbm", "passwords/passwords.dbm");
  pack.finalize();
  return buffer(pack);
}

/** Also those that are called so with something behind it. */
async function addFiles(
  pack: tar.Pack,
  folder: string,
  name: string,
  target: string,
): Promise<void> {
  for (const file of await readdir(folder)) {
    if (!file.startsWith(name)) continue;
    const content = await readFile(join(folder, file));
    pack.entry({ name: target + file.slice(name.length) }, content);
  }
}
