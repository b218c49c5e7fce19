/** The volume behind a home: made once for each user, owned by the notebook's user. */
import { HubError } from "#src/errors.ts";
import { makeId } from "#src/stores/ids.ts";
import type { InstanceId, ServerId, UserId } from "#src/stores/records.ts";
import { HOME_PATH, taskSpec } from "./container-spec.ts";
import type { Engine } from "./engine.ts";
import { isOurs, LABEL, type Labels, labelsOf, objectName } from "./names.ts";
import { SharedWork } from "./shared-work.ts";
import type { Tasks } from "./tasks.ts";

const NOTEBOOK_UID = 1000;
const LOOK_TIMEOUT_MS = 60_000;

/** Whose files they are: a person's, or those of one server of theirs alone. */
export interface HomeOwner {
  readonly userId: UserId;
  readonly serverId?: ServerId;
}

interface HomeVolume {
  readonly volume: string;
  readonly labels: Labels;
}

export class HomeVolumes {
  readonly #engine: Engine;
  readonly #tasks: Tasks;
  readonly #instanceId: InstanceId;
  readonly #labels: Labels;
  readonly #closing: AbortSignal;
  /** Images (by id) whose own home folder gives an empty volume the right owner. */
  readonly #images = new Map<string, boolean>();
  readonly #looking = new Map<string, SharedWork<boolean>>();

  constructor(options: {
    readonly engine: Engine;
    readonly tasks: Tasks;
    readonly instanceId: InstanceId;
    readonly labels: Labels;
    /** Ends what is under way. */
    readonly closing: AbortSignal;
  }) {
    this.#engine = options.engine;
    this.#tasks = options.tasks;
    this.#instanceId = options.instanceId;
    this.#labels = options.labels;
    this.#closing = options.closing;
  }

  of(owner: HomeOwner): HomeVolume {
    const labels = { ...this.#labels, ...labelsOf(this.#instanceId, "home", owner) };
    const id = owner.serverId ?? owner.userId;
    return { volume: objectName(this.#instanceId, "home", id), labels };
  }

  /** Whether there is such a home; throws when its name belongs to something that is not ours. */
  async exists(owner: HomeOwner, signal: AbortSignal): Promise<boolean> {
    const { volume } = this.of(owner);
    const labels = await this.#engine.volumes.labelsOf(volume, signal);
    if (labels === undefined) return false;
    if (!isOurs(labels, this.#instanceId) || labels[LABEL.user] !== owner.userId) {
      throw new HubError("foreign_object", { kind: "volume", name: volume });
    }
    return true;
  }

  /** Makes the volume when there is none. A container of an image with a home folder then fills it. */
  async ensure(owner: HomeOwner, signal: AbortSignal): Promise<HomeVolume> {
    const home = this.of(owner);
    if (!(await this.exists(owner, signal))) {
      await this.#engine.volumes.create(home.volume, home.labels, signal);
      // Someone else may have made one of that name in between: creating is then silently nothing.
      await this.exists(owner, signal);
    }
    return home;
  }

  /**
   * Whether the image itself has a home folder of the notebook's user. The engine then gives every empty volume this
   * folder's owner and files; an image without it leaves the volume to root.
   */
  async isFilledBy(image: string, imageId: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#images.get(imageId);
    if (known !== undefined) return known;
    let looking = this.#looking.get(imageId);
    if (looking === undefined) {
      looking = new SharedWork({
        closing: this.#closing,
        timeoutMs: LOOK_TIMEOUT_MS,
        work: (own) => this.#look(image, imageId, own),
      });
      this.#looking.set(imageId, looking);
    }
    return looking.result(signal);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(Array.from(this.#looking.values(), (looking) => looking.idle()));
  }

  async #look(image: string, imageId: string, signal: AbortSignal): Promise<boolean> {
    const name = objectName(this.#instanceId, "task", makeId());
    const options = taskSpec({
      instanceId: this.#instanceId,
      image,
      script: "true",
      arguments: [],
      network: "none",
      user: "notebook",
      labels: this.#tasks.labels,
    });
    const id = await this.#engine.containers.createNameless(name, options, signal);
    try {
      const fills = (await this.#engine.containers.ownerOf(id, HOME_PATH, signal)) === NOTEBOOK_UID;
      this.#images.set(imageId, fills);
      return fills;
    } finally {
      await this.#engine.containers.remove(id, AbortSignal.timeout(30_000));
    }
  }

  /** Gives a home to the notebook's user when it is not theirs; `containerId` is one that mounts it. */
  async settleOwner(home: HomeVolume, containerId: string, signal: AbortSignal): Promise<void> {
    const owner = await this.#engine.containers.ownerOf(containerId, HOME_PATH, signal);
    if (owner === NOTEBOOK_UID) return;
    const script = `chown ${NOTEBOOK_UID}:${NOTEBOOK_UID} "$1"`;
    await this.#tasks.text(
      { script, arguments: [HOME_PATH], home, network: "none", user: "root" },
      signal,
    );
  }

  async remove(owner: HomeOwner, signal: AbortSignal): Promise<void> {
    if (!(await this.exists(owner, signal))) return;
    const { userId, serverId } = owner;
    const labels = {
      [LABEL.instance]: this.#instanceId,
      [LABEL.user]: userId,
      ...(serverId === undefined ? {} : { [LABEL.server]: serverId }),
    };
    for (const container of await this.#engine.containers.list(labels, signal)) {
      // One that ended is kept for its log, and holds the volume.
      if (container.status === "exited" || container.status === "created") {
        await this.#engine.containers.remove(container.id, signal);
      }
    }
    await this.#engine.volumes.remove(this.of(owner).volume, signal);
  }
}
