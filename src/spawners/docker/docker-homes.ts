/** Homes as volumes, worked on by throw-away containers: nothing in the hub opens a path in one. */
import { addAbortSignal, Readable } from "node:stream";
import { HubError } from "#src/errors.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { ServerId, UserId } from "#src/stores/records.ts";
import { HOME_PATH } from "./container-spec.ts";
import { feed } from "./feed.ts";
import type { HomeOwner, HomeVolumes } from "./home-volumes.ts";
import type { InstanceClaim } from "./instance-claim.ts";
import { DISCARD, MOVE_IN, TAKE_APART, wholeTar } from "./receiving.ts";
import { requireSuccess, type Task, type Tasks, textOf } from "./tasks.ts";

/** What a script ends with when the path is not there. */
const NO_SUCH_PATH = 44;
const DISCARD_MS = 60_000;

// Plain sh, tar, du and find, so that any image will do. Names may begin with a dash: they always follow `./` or `/`.
const USAGE = `cd "$1" && du -skx . | cut -f1 && find . -xdev ! -type d -print0 | tr -dc '\\0' | wc -c`;
const PACK = `cd "$1" || exit 1
[ -e "./$2" ] || [ -L "./$2" ] || exit ${NO_SUCH_PATH}
if [ -d "./$2" ] && [ ! -L "./$2" ]; then cd "./$2" && exec tar -cf - .; fi
cd "./$(dirname "./$2")" && exec tar -cf - "./$(basename "./$2")"`;
const UNPACK = `cd "$1" && mkdir -p "./$2" && cd "./$2" && exec tar -xf -`;
/** A path inside a home, as plain segments: what leads out of it is refused here, and again by the container. */
function requireInside(path: string): string {
  const segments = path.split("/");
  const leadsOut = path.startsWith("/") || segments.includes("..") || path.includes("\0");
  if (leadsOut || path === "") {
    throw new HubError("path_outside_home");
  }
  return path;
}

export class DockerHomes implements Homes {
  readonly #claim: InstanceClaim;
  readonly #volumes: HomeVolumes;
  readonly #tasks: Tasks;
  /** The end of the line for each home, as long as there is one. */
  readonly #lines = new Map<UserId, Promise<unknown>>();

  constructor(options: {
    readonly claim: InstanceClaim;
    readonly volumes: HomeVolumes;
    readonly tasks: Tasks;
  }) {
    this.#claim = options.claim;
    this.#volumes = options.volumes;
    this.#tasks = options.tasks;
  }

  async ensure(userId: UserId, signal: AbortSignal): Promise<void> {
    await this.#claim.hold(signal);
    const home = await this.#volumes.ensure({ userId }, signal);
    // Mounting it fills it; the task's own answer says whether it became the notebook's.
    const script = `[ -w "$1" ] && echo theirs || true`;
    const request = { script, arguments: [HOME_PATH], home, network: "none" } as const;
    const answer = await this.#tasks.text({ ...request, user: "notebook" }, signal);
    if (answer.trim() === "theirs") return;
    const chown = { ...request, script: `chown 1000:1000 "$1"`, user: "root" } as const;
    await this.#tasks.text(chown, signal);
  }

  async remove(userId: UserId, signal: AbortSignal, serverId?: ServerId): Promise<void> {
    await this.#claim.hold(signal);
    const owner = ownerOf(userId, serverId);
    await this.#inLine(userId, () => this.#volumes.remove(owner, signal));
  }

  async usage(
    userId: UserId,
    signal: AbortSignal,
    serverId?: ServerId,
  ): Promise<{ bytes: number; files: number }> {
    await this.#claim.hold(signal);
    await using task = await this.#read(ownerOf(userId, serverId), USAGE, [], signal);
    if (task === undefined) return { bytes: 0, files: 0 };
    const text = await textOf(task);
    const [kibibytes = 0, files = 0] = text.trim().split(/\s+/).map(Number);
    return { bytes: kibibytes * 1024, files };
  }

  async pack(userId: UserId, path: string, signal: AbortSignal): Promise<Readable> {
    const inside = requireInside(path);
    await this.#claim.hold(signal);
    const task = await this.#read({ userId }, PACK, [inside], signal);
    if (task === undefined) throw new HubError("not_found");
    task.input.end();
    const chunks = packed(task);
    try {
      // The first bytes, so that a path that is not there fails here and not in the middle of an answer.
      const first = await chunks.next();
      const archive = Readable.from(startingWith(first, chunks), { objectMode: false });
      // A reader may go away before it has read anything: what has not begun is not told that it is over.
      archive.once("close", () => void chunks.return(undefined));
      return addAbortSignal(signal, archive);
    } catch (error) {
      await chunks.return(undefined);
      throw error;
    }
  }

  unpack(userId: UserId, path: string, tar: Readable, signal: AbortSignal): Promise<void> {
    return this.#takeIn(userId, UNPACK, { path, tar }, signal);
  }

  async receive(
    userId: UserId,
    where: () => string,
    tar: Readable,
    signal: AbortSignal,
  ): Promise<void> {
    await this.ensure(userId, signal);
    await this.#inLine(userId, async () => {
      try {
        const whole = Readable.from(wholeTar(tar));
        await this.#takeIn(userId, TAKE_APART, { path: ".", tar: whole }, signal);
        const inside = requireInside(where());
        await this.#tasks.text(this.#request({ userId }, MOVE_IN, [inside]), signal);
      } catch (error) {
        // The next try does it, too.
        const late = AbortSignal.timeout(DISCARD_MS);
        await this.#tasks.text(this.#request({ userId }, DISCARD, []), late).catch(() => {});
        throw error;
      } finally {
        tar.destroy();
      }
    });
  }

  async #takeIn(
    userId: UserId,
    script: string,
    { path, tar }: { readonly path: string; readonly tar: Readable },
    signal: AbortSignal,
  ): Promise<void> {
    const inside = requireInside(path);
    await this.ensure(userId, signal);
    await using task = await this.#tasks.start(this.#request({ userId }, script, [inside]), signal);
    const failures: unknown[] = [];
    feed(tar, task.input).catch((error: unknown) => {
      // Without the rest of its input the script must not take what it got for the whole.
      failures.push(error);
      task.input.destroy();
    });
    try {
      for await (const _chunk of task.output);
      requireSuccess(await task.end());
    } catch (error) {
      failures.push(error);
    } finally {
      tar.destroy();
    }
    if (failures.length > 0) throw failures[0];
  }

  /**
   * `undefined` when there is no home. In line with its removal: a container that mounts a home which has just been
   * removed would make it anew. From its start on, the engine itself refuses to remove the home.
   */
  #read(
    owner: HomeOwner,
    script: string,
    more: readonly string[],
    signal: AbortSignal,
  ): Promise<Task | undefined> {
    return this.#inLine(owner.userId, async () => {
      if (!(await this.#volumes.exists(owner, signal))) return undefined;
      return this.#tasks.start(this.#request(owner, script, more, true), signal);
    });
  }

  async #inLine<Result>(userId: UserId, work: () => Promise<Result>): Promise<Result> {
    const before = this.#lines.get(userId);
    const mine = (async () => {
      await before?.catch(() => {});
      return work();
    })();
    this.#lines.set(userId, mine);
    try {
      return await mine;
    } finally {
      if (this.#lines.get(userId) === mine) this.#lines.delete(userId);
    }
  }

  #request(owner: HomeOwner, script: string, more: readonly string[], homeIsReadOnly = false) {
    const home = this.#volumes.of(owner);
    const rest = { home, homeIsReadOnly, network: "none", user: "notebook" } as const;
    return { script, arguments: [HOME_PATH, ...more], ...rest };
  }
}

function ownerOf(userId: UserId, serverId: ServerId | undefined): HomeOwner {
  return serverId === undefined ? { userId } : { userId, serverId };
}

async function* packed(task: Task): AsyncGenerator<Buffer, undefined> {
  try {
    yield* task.output;
    const end = await task.end();
    if (end.exitCode === NO_SUCH_PATH) throw new HubError("not_found");
    // 1: a file changed while it was read, which is nothing to worry about in a home that is in use.
    if (end.exitCode !== 1) requireSuccess(end);
    return undefined;
  } finally {
    await task[Symbol.asyncDispose]();
  }
}

async function* startingWith(
  first: IteratorResult<Buffer, undefined>,
  rest: AsyncGenerator<Buffer, undefined>,
): AsyncGenerator<Buffer> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}
