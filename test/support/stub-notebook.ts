/** The image of the stub notebook (see stub-notebook/stub.pl), built once for each state of its files. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { docker } from "./docker.ts";

const folder = fileURLToPath(new URL("stub-notebook/", import.meta.url));

/** Gives back the tag of the image. */
export async function buildStubNotebook(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of ["Dockerfile", "stub.pl"]) hash.update(await readFile(folder + name));
  const tag = `homeroom-test-stub:${hash.digest("hex").slice(0, 16)}`;
  const isBuilt = await docker("image", "inspect", tag).catch(() => undefined);
  if (isBuilt === undefined) {
    await docker("build", "--quiet", "--label", "homeroom.test=stub", "--tag", tag, folder);
  }
  return tag;
}
