/** What the engine tells those who keep the box: its version, images, places for networks, and disk. */
import { statfs } from "node:fs/promises";
import { HubError } from "#src/errors.ts";
import type { SpawnerReport } from "#src/spawners/spawner.ts";
import type { Engine } from "./engine.ts";
import type { OwnContainer } from "./networks/own-container.ts";
import { SubnetPool } from "./networks/pool.ts";
import { DEFAULT_PROFILE, type Profiles } from "./profiles.ts";

interface ReportParts {
  readonly engine: Engine;
  readonly own: OwnContainer;
  readonly profiles: Profiles;
  readonly helperImage: string;
  readonly pool: string;
}

export async function reportOf(parts: ReportParts, signal: AbortSignal): Promise<SpawnerReport> {
  const { engine } = parts;
  const { version, time, memoryBytes, rootFolder, architecture } = await engine.info(signal);
  const [images, networks, disk] = await Promise.all([
    imagesOf(parts, architecture, signal),
    engine.networks.list({}, signal),
    diskOf(parts, rootFolder, signal),
  ]);
  const pool = new SubnetPool(parts.pool);
  pool.occupy(networks.flatMap(({ subnets }) => subnets));
  const at = Date.parse(time);
  return {
    version,
    time: new Date(Number.isNaN(at) ? Date.now() : at).toISOString(),
    memoryBytes,
    images,
    networks: { pool: parts.pool, ...pool.counts },
    ...(disk === undefined ? {} : { disk }),
  };
}

async function imagesOf(
  { engine, profiles, helperImage }: ReportParts,
  architecture: string,
  signal: AbortSignal,
): Promise<SpawnerReport["images"]> {
  const named = Array.from(profiles.values(), ({ name, image }) => ({ profile: name, image }));
  const isNamed = named.some(({ image }) => image === helperImage);
  const helper = isNamed ? [] : [{ profile: DEFAULT_PROFILE, image: helperImage }];
  return Promise.all(
    [...helper, ...named].map(async (one) => {
      if (!(await isThere(engine, one.image, signal))) return { ...one, isThere: false };
      const madeFor = await engine.architectureOf(one.image, signal);
      const fits = [architecture, ""].includes(madeFor) || architecture === "";
      return { ...one, isThere: true, ...(fits ? {} : { madeFor }) };
    }),
  );
}

async function isThere(engine: Engine, image: string, signal: AbortSignal): Promise<boolean> {
  try {
    await engine.requireImage(image, signal);
    return true;
  } catch (error) {
    if (error instanceof HubError && error.code === "image_missing") return false;
    throw error;
  }
}

/**
 * A container's root lies on the engine's disk, so a hub in a container asks for its own; on the host, the engine's
 * folder is there to be asked. Where neither is (an engine in another machine), nothing is said.
 */
async function diskOf(
  { own }: ReportParts,
  rootFolder: string,
  signal: AbortSignal,
): Promise<SpawnerReport["disk"]> {
  const isContained = (await own.id(signal)) !== undefined;
  try {
    const { bavail, blocks, bsize } = await statfs(isContained ? "/" : rootFolder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
