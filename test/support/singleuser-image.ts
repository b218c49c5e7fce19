/** An image of kind `singleuser`: JupyterHub's own server, from PyPI, on top of the notebook image. */
import { fileURLToPath } from "node:url";
import { buildImage } from "./build-image.ts";
import { notebookImage } from "./notebook-image.ts";

const folder = fileURLToPath(new URL("singleuser/", import.meta.url));

/** Gives back its tag. */
export async function buildSingleuser(): Promise<string> {
  const options = ["--build-arg", `BASE=${await notebookImage()}`];
  return buildImage({ folder, tag: "homeroom-test-singleuser", kind: "singleuser", options });
}
