/** Doors of servers while the driver answers late: what was asked before a start says nothing of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Door, type Doors, withDoors } from "#src/spawners/doors.ts";
import type { ServerSpec, ServerState, Spawner, Step } from "#src/spawners/spawner.ts";
import { FakeSpawner } from "#test/support/fake-spawner.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { makeServerSpec, soon } from "#test/support/spawner-world.ts";

/** Whose servers all have doors, at an address of each generation. */
class DoorSpawner extends FakeSpawner {
  override async *start(spec: ServerSpec, signal: AbortSignal): AsyncGenerator<Step> {
    for await (const step of super.start(spec, signal)) {
      yield step.step === "container" ? { ...step, hub: hubOf(spec.generation) } : step;
    }
  }

  override async list(signal: AbortSignal): Promise<readonly ServerState[]> {
    return (await super.list(signal)).map((state) => ({ ...state, hub: hubOf(state.generation) }));
  }

  override async inspect(...asked: Parameters<Spawner["inspect"]>) {
    const state = await super.inspect(...asked);
    return state === undefined ? undefined : { ...state, hub: hubOf(state.generation) };
  }
}

function hubOf(generation: number) {
  return { host: `10.213.0.${generation}`, port: 8081 };
}

class OpenDoors implements Doors {
  readonly byServer = new Map<string, Door>();

  async open(door: Door): Promise<void> {
    this.byServer.set(door.serverId, door);
  }

  close(serverId: Door["serverId"], generation?: number): void {
    const at = this.byServer.get(serverId)?.generation;
    if (generation === undefined || generation === at) this.byServer.delete(serverId);
  }
}

async function up(spawner: Spawner, spec: ServerSpec): Promise<void> {
  for await (const _step of spawner.start(spec, soon()));
}

describe("the door of a server", () => {
  const questions = ["list", "inspect"] as const;

  for (const question of questions) {
    it(`stays with its next start when “${question}” was asked before`, async () => {
      const driver = new DoorSpawner();
      const doors = new OpenDoors();
      const spawner = withDoors(driver, doors, silentLog);
      const spec = makeServerSpec();
      for (const begun of ["running", "stopped"] as const) {
        await up(spawner, spec);
        if (begun === "stopped") await spawner.stop(spec.serverId, soon());
        const held = driver.engine.hold(question);
        const asked =
          question === "list" ? spawner.list(soon()) : spawner.inspect(spec.serverId, soon());
        await held.reached;
        if (begun === "running") await spawner.stop(spec.serverId, soon());
        await up(spawner, { ...spec, generation: 2 });
        held.release();
        await asked;
        assert.equal(doors.byServer.get(spec.serverId)?.generation, 2, begun);
        await spawner.stop(spec.serverId, soon());
      }
    });

    it(`stays closed behind a stop when “${question}” was asked before`, async () => {
      const driver = new DoorSpawner();
      const doors = new OpenDoors();
      const spawner = withDoors(driver, doors, silentLog);
      const spec = makeServerSpec();
      await up(spawner, spec);
      const held = driver.engine.hold(question);
      const asked =
        question === "list" ? spawner.list(soon()) : spawner.inspect(spec.serverId, soon());
      await held.reached;
      await spawner.stop(spec.serverId, soon());
      held.release();
      await asked;
      assert.equal(doors.byServer.size, 0);
    });
  }
});
