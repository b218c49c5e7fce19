/** Images that Homeroom did not make, built once for each state of their files. */
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildImage } from "./build-image.ts";
import { docker } from "./docker.ts";

/** A folder of `other-images`; gives back the tag of the image. */
export async function buildOtherImage(
  name: string,
  options: readonly string[] = [],
): Promise<string> {
  const folder = fileURLToPath(new URL(`other-images/${name}/`, import.meta.url));
  const hash = createHash("sha256").update(JSON.stringify(options));
  for (const file of (await readdir(folder)).sort()) hash.update(await readFile(folder + file));
  const tag = `homeroom-test-${name}:${hash.digest("hex").slice(0, 16)}`;
  const isBuilt = await docker("image", "inspect", tag).catch(() => undefined);
  if (isBuilt !== undefined) return tag;
  return buildImage({ folder, tag, kind: "other", options });
}

/** An architecture that the engine's own machine has not. */
export async function otherArchitecture(): Promise<{ own: string; other: string }> {
  const own = await docker("version", "--format", "{{.Server.Arch}}");
  return { own, other: own === "arm64" ? "amd64" : "arm64" };
}
