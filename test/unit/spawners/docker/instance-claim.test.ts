import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import type { ContainerFacts } from "#src/spawners/docker/engine/facts.ts";
import { InstanceClaim } from "#src/spawners/docker/instance-claim.ts";
import type { Labels } from "#src/spawners/docker/names.ts";
import { makeId } from "#src/stores/ids.ts";
import { fc } from "#test/support/property.ts";
import { silentLog } from "#test/support/silent-log.ts";

const instanceId = makeId<"instance">();
const MARK = `hr-${instanceId}-hub-${instanceId}`;
const ALPHA = "a".repeat(64);
const BETA = "b".repeat(64);
const soon = () => AbortSignal.timeout(60_000);

/** Volumes and containers, as far as a claim looks at them. */
class SmallEngine {
  readonly volumes = new Map<string, Labels>();
  readonly running = new Set<string>();
  readonly engine = {
    volumes: {
      labelsOf: async (name: string) => {
        await this.turn();
        return this.volumes.get(name);
      },
      create: async (name: string, labels: Labels) => {
        await this.turn();
        this.onCreate();
        // As the engine does: one that is there stays as it is.
        if (!this.volumes.has(name)) this.volumes.set(name, labels);
      },
      remove: async (name: string) => {
        await this.turn();
        this.volumes.delete(name);
      },
    },
    containers: {
      inspect: async (id: string) => {
        await this.turn();
        return this.running.has(id) ? ({ status: "running" } as ContainerFacts) : undefined;
      },
    },
  };
  onCreate: () => void = () => {};
  /** When the engine comes to a call. */
  turn: () => Promise<void> = async () => {};

  /** The claim of a hub in this container; without one, of this process. */
  hub(container?: string): InstanceClaim {
    if (container !== undefined) this.running.add(container);
    const own = { id: async () => container };
    return new InstanceClaim({ engine: this.engine, own, instanceId, labels: {}, log: silentLog });
  }

  get holder(): string | undefined {
    return this.volumes.get(MARK)?.["homeroom.holder"];
  }
}

describe("the claim of a hub on its instance", () => {
  it("is held by one hub, and refused to a second one as long as the first runs", async () => {
    const box = new SmallEngine();
    const alpha = box.hub(ALPHA);
    const beta = box.hub(BETA);
    await alpha.hold(soon());
    await assert.rejects(beta.hold(soon()), { code: "instance_in_use" });
    await alpha.hold(soon());
    assert.equal(box.holder, `container ${ALPHA}`);
    box.running.delete(ALPHA);
    await assert.rejects(beta.hold(soon()), { code: "instance_in_use" }, "it may be coming back");
    await box.hub(BETA).hold(soon());
    box.running.add(ALPHA);
    await assert.rejects(alpha.hold(soon()), { code: "instance_in_use" });
  });

  it("passes from a process that has ended to the next one, and to a container", async () => {
    const box = new SmallEngine();
    await box.hub().hold(soon());
    const mark = box.holder ?? "";
    assert.match(mark, new RegExp(`^process ${process.pid}\\.\\d+\\.`));
    await assert.rejects(box.hub(BETA).hold(soon()), { code: "instance_in_use" });
    // The same number in an earlier boot, or begun at another time, is another process.
    for (const gone of [`${mark}x`, mark.replace(/\.\d+\./, ".1."), "process 4194999.5.x", ""]) {
      box.volumes.set(MARK, { "homeroom.instance": instanceId, "homeroom.holder": gone });
      await box.hub(BETA).hold(soon());
      assert.equal(box.holder, `container ${BETA}`);
    }
  });

  it("is given back at the end, by who holds it alone", async () => {
    const box = new SmallEngine();
    const alpha = box.hub(ALPHA);
    const beta = box.hub(BETA);
    await beta.release(soon());
    await alpha.hold(soon());
    await assert.rejects(beta.hold(soon()));
    await beta.release(soon());
    assert.equal(box.holder, `container ${ALPHA}`);
    await alpha.release(soon());
    assert.equal(box.volumes.size, 0);
    box.engine.volumes.labelsOf = () => Promise.reject(new Error("gone"));
    await alpha.release(soon());
  });

  it("goes to one of two that begin at the same moment", async () => {
    const box = new SmallEngine();
    const beta = box.hub(BETA);
    box.hub(ALPHA);
    box.onCreate = () => {
      const labels = { "homeroom.instance": instanceId, "homeroom.holder": `container ${ALPHA}` };
      box.volumes.set(MARK, labels);
    };
    await assert.rejects(beta.hold(soon()), { code: "instance_in_use" });
  });

  it("is one for all calls of a hub, in whatever order the engine comes to them", async () => {
    const stale = { "homeroom.instance": instanceId, "homeroom.holder": "container gone" };
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (schedule, wasThere) => {
        const box = new SmallEngine();
        if (wasThere) box.volumes.set(MARK, stale);
        box.turn = schedule.scheduleFunction(async () => {});
        const alpha = box.hub(ALPHA);
        const calls = Array.from({ length: 24 }, () => alpha.hold(soon()));
        await schedule.waitFor(Promise.all(calls));
        assert.equal(box.holder, `container ${ALPHA}`);
      }),
    );
  });

  it("stays refused whatever a call has yet to learn that began before", async () => {
    const box = new SmallEngine();
    const alpha = box.hub(ALPHA);
    const gone = "c".repeat(64);
    const marked = (holder: string) => ({
      "homeroom.instance": instanceId,
      "homeroom.holder": `container ${holder}`,
    });
    box.volumes.set(MARK, marked(gone));
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let turns = 0;
    box.turn = async () => {
      turns += 1;
      // Whether the old holder is still there.
      if (turns !== 2) return;
      asked.resolve();
      await held.promise;
    };
    const first = alpha.hold(soon());
    await asked.promise;
    box.hub(BETA);
    box.volumes.set(MARK, marked(BETA));
    await assert.rejects(alpha.hold(soon()), { code: "instance_in_use" });
    held.resolve();
    await assert.rejects(first, { code: "instance_in_use" });
    assert.equal(box.holder, `container ${BETA}`);
  });

  it("is no claim on a volume of that name that is somebody else's", async () => {
    const box = new SmallEngine();
    box.volumes.set(MARK, {});
    await assert.rejects(box.hub(ALPHA).hold(soon()), { code: "foreign_object" });
    assert.deepEqual(box.volumes.get(MARK), {});
  });

  it("does not keep notebooks from their people when the disk has no room for the mark", async () => {
    const box = new SmallEngine();
    box.onCreate = () => {
      throw new HubError("disk_full", { detail: "no space left on device" });
    };
    await box.hub(ALPHA).hold(soon());
    box.onCreate = () => {
      throw new HubError("docker_unreachable", { detail: "gone" });
    };
    await assert.rejects(box.hub(ALPHA).hold(soon()), { code: "docker_unreachable" });
  });
});
