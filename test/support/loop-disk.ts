/** A small disk that can be filled: an ext4 file system in a file, on a loop device. */
import { execFile } from "node:child_process";
import { mkdtemp, mkdir, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

async function run(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, args);
  return stdout.trim();
}

export interface LoopDisk extends AsyncDisposable {
  /** Such as `/dev/loop3`. */
  readonly device: string;
  /** Mounts it; unmounted with the disk. */
  mount(options?: { readonly owner?: number }): Promise<string>;
}

/** Why there can be none here; `undefined` when there can. */
export async function whyNoLoopDisk(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "a loop device is for root alone";
  try {
    await run("losetup", "--find");
    await run("mkfs.ext4", "-V");
    return undefined;
  } catch (error) {
    return `there are no loop devices here (${String(error)})`;
  }
}

export async function makeLoopDisk(megabytes: number, inodes: number): Promise<LoopDisk> {
  const folder = await mkdtemp(join(tmpdir(), "homeroom-disk-"));
  const file = join(folder, "disk");
  {
    await using image = await open(file, "w");
    await image.truncate(megabytes * 1024 * 1024);
  }
  // Nothing is kept back for root, and no journal takes the room.
  const options = ["-q", "-m", "0", "-N", String(inodes), "-O", "^has_journal"];
  await run("mkfs.ext4", ...options, file);
  const device = await run("losetup", "--find", "--show", file);
  const mounts: string[] = [];
  const disk: LoopDisk = {
    device,
    async mount({ owner = 0 } = {}) {
      const path = join(folder, `mount${mounts.length}`);
      await mkdir(path, { recursive: true });
      await run("mount", device, path);
      mounts.push(path);
      await run("chown", String(owner), path);
      return path;
    },
    async [Symbol.asyncDispose]() {
      for (const path of mounts) await run("umount", "--lazy", path).catch(() => undefined);
      await run("losetup", "--detach", device).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
  // As a new volume is: empty.
  const path = await disk.mount();
  await rm(join(path, "lost+found"), { recursive: true });
  await run("umount", path);
  mounts.length = 0;
  return disk;
}
