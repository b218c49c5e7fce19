/** Writing files so that a power cut leaves the old one or the new one. */
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** For the hub alone: there are password hashes in them. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** A file made or renamed is on the disk when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** Whole, on the disk, and in the place of what had the name before. */
export async function replaceFile(
  path: string,
  content: string,
  temporary = `${path}.new`,
): Promise<void> {
  {
    await using file = await open(temporary, "w", FILE_MODE);
    await file.writeFile(content);
    await file.sync();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

export function undefinedIfMissing(error: unknown): undefined {
  if (!hasCode(error, "ENOENT", "ENOTDIR")) {
    throw error;
  }
  return undefined;
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** What is wrong with the data folder: {@link detailOf}, and what helps where that is known. */
export function folderDetail(error: unknown): string {
  const detail = detailOf(error);
  if (hasCode(error, "EACCES", "EPERM") || /permission denied/i.test(detail)) {
    return `${detail}. All that is in it has to belong to the user as which Homeroom runs (1000 in its container)`;
  }
  return isNoSpace(error) ? `${detail}. Make room on that disk` : detail;
}

/** LevelDB says it in words, and whoever passes it on keeps it as the cause. */
export function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    hasCode(error, "ENOSPC", "EDQUOT") ||
    /no space left on device|disk quota exceeded/i.test(detailOf(error)) ||
    isNoSpace(error.cause)
  );
}

export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
