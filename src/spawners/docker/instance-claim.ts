/**
 * One hub for each instance on an engine. A copy of a data folder has the same instance id: a second hub on it would
 * adopt the first one's notebooks, and remove those of people whom only the first one knows.
 *
 * The mark is a volume without content, whose label says who holds the instance. A holder that was killed holds nothing
 * any more: the next hub to start, from whatever folder, takes over without being told.
 */
import { readFile } from "node:fs/promises";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { InstanceId } from "#src/stores/records.ts";
import type { EngineContainers } from "./engine/containers.ts";
import type { EngineVolumes } from "./engine/volumes.ts";
import { isOurs, LABEL, type Labels, labelsOf, objectName } from "./names.ts";
import type { OwnContainer } from "./networks/own-container.ts";
import { isAlive } from "./server-states.ts";

/** Calls of one hub that find the same old mark remove once each what is there then: more than begin at once. */
const ATTEMPTS = 100;

interface InstanceClaimOptions {
  readonly engine: {
    readonly containers: Pick<EngineContainers, "inspect">;
    readonly volumes: Pick<EngineVolumes, "labelsOf" | "create" | "remove">;
  };
  readonly own: Pick<OwnContainer, "id">;
  readonly instanceId: InstanceId;
  readonly labels: Labels;
  readonly log: Pick<Logger, "debug" | "warn">;
}

export class InstanceClaim {
  readonly #parts: InstanceClaimOptions;
  #self: string | undefined;
  /** For good: while the other one is only restarted, its notebooks are not to be had. */
  #isRefused = false;

  constructor(parts: InstanceClaimOptions) {
    this.#parts = parts;
  }

  /**
   * Before anything of the instance is taken in or changed. Asks the engine each time: of two hubs that begin at the
   * same moment, the one whose mark was replaced learns it here. @throws HubError `instance_in_use`
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { engine, instanceId, labels } = this.#parts;
    const name = objectName(instanceId, "hub", instanceId);
    if (this.#isRefused) throw new HubError("instance_in_use");
    this.#self ??= await this.#nameSelf(signal);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const mark = await engine.volumes.labelsOf(name, signal);
      if (mark !== undefined) {
        if (!isOurs(mark, instanceId))
          throw new HubError("foreign_object", { kind: "volume", name });
        const holder = mark[LABEL.holder] ?? "";
        if (holder === this.#self) return;
        if (await this.#isThere(holder, signal)) this.#isRefused = true;
        // Also by what another call has learnt meanwhile.
        if (this.#isRefused) throw new HubError("instance_in_use");
      }
      const own = { ...labels, ...labelsOf(instanceId, "hub"), [LABEL.holder]: this.#self };
      if (!(await this.#leaveMark(name, own, { replaces: mark !== undefined, signal }))) return;
    }
    throw new HubError("instance_in_use");
  }

  /** Whether the engine did as it was asked. A mark that cannot be made must not keep notebooks from their people. */
  async #leaveMark(
    name: string,
    labels: Labels,
    { replaces, signal }: { readonly replaces: boolean; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { engine, log } = this.#parts;
    try {
      // Never blindly: by now it may be the one that another call of this hub, or another hub, has just made.
      if (replaces) await engine.volumes.remove(name, signal);
      // Where another hub was quicker this changes nothing: the next look tells.
      await engine.volumes.create(name, labels, signal);
      return true;
    } catch (error) {
      if (signal.aborted || !(error instanceof HubError)) throw error;
      if (error.code !== "disk_full" && error.code !== "spawner_failed") throw error;
      log.warn({ err: error }, "a second hub of this instance would not be noticed");
      return false;
    }
  }

  /** Leaves nothing behind when the hub ends in peace. Never fails. */
  async release(signal: AbortSignal): Promise<void> {
    const { engine, instanceId, log } = this.#parts;
    if (this.#self === undefined || this.#isRefused) return;
    const name = objectName(instanceId, "hub", instanceId);
    try {
      const mark = await engine.volumes.labelsOf(name, signal);
      if (mark?.[LABEL.holder] === this.#self) await engine.volumes.remove(name, signal);
    } catch (error) {
      log.debug(
        { err: error },
        "the mark of this hub stays; it means nothing once the hub has ended",
      );
    }
  }

  async #nameSelf(signal: AbortSignal): Promise<string> {
    const container = await this.#parts.own.id(signal);
    if (container !== undefined) return `container ${container}`;
    return `process ${await processMark(process.pid)}`;
  }

  /** A process is seen from its own machine alone, and not from a container: what is not seen counts as gone. */
  async #isThere(holder: string, signal: AbortSignal): Promise<boolean> {
    const [kind, id = ""] = holder.split(" ");
    if (kind === "container" && /^[0-9a-f]{64}$/.test(id)) {
      const facts = await this.#parts.engine.containers.inspect(id, signal);
      return facts !== undefined && isAlive(facts.status);
    }
    const pid = Number(/^process (\d+)\./.exec(holder)?.[1]);
    return Number.isSafeInteger(pid) && `process ${await processMark(pid)}` === holder;
  }
}

/** A process of this boot: its number, and when it began, as numbers come again. */
async function processMark(pid: number): Promise<string> {
  const read = (path: string) => readFile(path, "utf8").catch(() => "");
  const [boot, stat] = await Promise.all([
    read("/proc/sys/kernel/random/boot_id"),
    read(`/proc/${pid}/stat`),
  ]);
  // The name in brackets may have anything in it; the 20th field behind it is when the process began.
  const begin = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return `${pid}.${begin}.${boot.trim()}`;
}
