/**
 * JupyterHub's own description of its API, of the version that this hub speaks like: out of its source distribution,
 * which is kept outside the repository once it was fetched.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { JUPYTERHUB_VERSION } from "#src/version.ts";
import type { ApiDocument } from "./api-document.ts";

const run = promisify(execFile);
const version = JUPYTERHUB_VERSION.split("+", 1)[0] ?? "";
const folder = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "homeroom-tests",
  `jupyterhub-${version}`,
);

export async function jupyterHubDocument(): Promise<ApiDocument> {
  const archive = (await findArchive()) ?? (await fetchArchive());
  const path = `jupyterhub-${version}/docs/source/_static/rest-api.yml`;
  const { stdout } = await run("tar", [
    "--extract",
    "--to-stdout",
    "--gzip",
    "--file",
    archive,
    path,
  ]);
  return parse(stdout) as ApiDocument; // As they publish it.
}

async function fetchArchive(): Promise<string> {
  await mkdir(folder, { recursive: true });
  const wanted = ["--no-deps", "--no-binary", ":all:", "--dest", folder, `jupyterhub==${version}`];
  // The index may be away for a moment.
  const fetch = () => run("python3", ["-m", "pip", "download", "--quiet", ...wanted]);
  await fetch().catch(fetch);
  const archive = await findArchive();
  if (archive === undefined) throw new Error(`pip left no archive in ${folder}`);
  return archive;
}

async function findArchive(): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const name = names.find((each) => each.endsWith(".tar.gz"));
  return name === undefined ? undefined : join(folder, name);
}
