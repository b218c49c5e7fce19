/** What the machine and its engine say, judged. Plain data in and out. */
import type { FailureData } from "#src/errors.ts";
import type { SpawnerReport } from "#src/spawners/spawner.ts";
import { type Check, type CheckName, failed, found } from "./findings.ts";
import { bytesInWords } from "./words.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The oldest Docker that Homeroom was tried with. */
const LEAST_DOCKER = [20, 10] as const;

export function checkDocker({ version }: Pick<SpawnerReport, "version">): Check {
  const [, major = "", minor = ""] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld =
    major !== "" &&
    (Number(major) < LEAST_DOCKER[0] ||
      (Number(major) === LEAST_DOCKER[0] && Number(minor) < LEAST_DOCKER[1]));
  return isOld
    ? found("docker", "docker_old", { version, least: LEAST_DOCKER.join(".") })
    : found("docker", "docker_fine", { version });
}

export function checkImages({ images }: Pick<SpawnerReport, "images">): Check {
  const missing = images.filter(({ isThere }) => !isThere);
  if (missing.length > 0) return found("images", "images_missing", { images: namesOf(missing) });
  const foreign = images.filter(({ madeFor }) => madeFor !== undefined);
  return foreign.length > 0
    ? found("images", "images_foreign", { images: namesOf(foreign) })
    : found("images", "images_fine", { images: namesOf(images) });
}

/** With the profile, where there is more than the usual one. */
function namesOf(images: SpawnerReport["images"]): string {
  return images
    .map(({ profile, image, madeFor }) => {
      const more = [
        ...(profile === "default" ? [] : [`profile ${profile}`]),
        ...(madeFor === undefined ? [] : [`for ${madeFor}`]),
      ];
      return more.length === 0 ? image : `${image} (${more.join(", ")})`;
    })
    .join(", ");
}

/** `failure`: what a look at the host's networks ended with. */
export function checkPool(
  { networks }: Pick<SpawnerReport, "networks">,
  failure: FailureData | undefined,
): Check {
  const { pool, places, taken } = networks;
  if (failure?.code === "pool_conflict") return failed("pool", failure);
  if (taken >= places) return failed("pool", { code: "pool_exhausted", params: { pool } });
  if (failure?.code === "image_missing") return found("pool", "pool_unknown", { pool });
  if (failure !== undefined) return failed("pool", failure);
  const free = places - taken;
  return found("pool", free * 10 < places ? "pool_nearly_used" : "pool_fine", {
    pool,
    free,
    places,
  });
}

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export function checkDisk(
  name: Extract<CheckName, "docker_disk" | "data_disk">,
  { freeBytes, totalBytes }: Disk,
): Check {
  const words = { free: bytesInWords(freeBytes), total: bytesInWords(totalBytes) };
  if (freeBytes < 500 * MIB) return found(name, "disk_nearly_full", words);
  const isLow = freeBytes < 2 * GIB || freeBytes * 10 < totalBytes;
  return found(name, isLow ? "disk_low" : "disk_fine", words);
}

export interface Memory {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** What the system, Docker and the hub take themselves. */
const RESERVED_BYTES = 512 * MIB;
const LITTLE_BYTES = 256 * MIB;

/** `limitBytes`: what one notebook may take at most. */
export function checkMemory({ totalBytes, availableBytes }: Memory, limitBytes: number): Check {
  const total = bytesInWords(totalBytes);
  const available = bytesInWords(availableBytes);
  const limit = bytesInWords(limitBytes);
  const count = Math.max(0, Math.floor((totalBytes - RESERVED_BYTES) / limitBytes));
  if (availableBytes < LITTLE_BYTES) return found("memory", "memory_low", { available, total });
  if (count < 1) return found("memory", "memory_small", { total, limit });
  return found("memory", "memory_fine", { total, available, limit, count });
}
