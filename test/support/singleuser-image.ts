/** An image of kind `singleuser`: JupyterHub's own server, from PyPI, on top of the notebook image. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { notebookImage } from "./notebook-image.ts";

const execute = promisify(execFile);
const folder = fileURLToPath(new URL("singleuser/", import.meta.url));

/** Gives back its tag; layers that are there already are used again. */
export async function buildSingleuser(): Promise<string> {
  const base = await notebookImage();
  const tag = "homeroom-test-singleuser";
  const ca = process.env["HOMEROOM_CA_FILE"] ?? process.env["SSL_CERT_FILE"] ?? "/dev/null";
  const options = ["--quiet", "--label", "homeroom.test=singleuser", "--tag", tag];
  const more = ["--build-arg", `BASE=${base}`, "--secret", `id=ca,src=${ca}`];
  const env = { ...process.env, DOCKER_BUILDKIT: "1" };
  const build = () => execute("docker", ["build", ...options, ...more, folder], { env });
  // The index may be away for a moment.
  await build().catch(build);
  return tag;
}
