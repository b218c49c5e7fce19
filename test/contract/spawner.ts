/** What every Spawner promises (src/spawners/spawner.ts), as tests. Run on the fake and on the real driver. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import type { ServerEvent, ServerSpec, ServerState, Spawner, Step } from "#src/spawners/spawner.ts";
import { makeId } from "#src/stores/ids.ts";
import type { ServerId } from "#src/stores/records.ts";

export interface SpawnerUnderTest extends AsyncDisposable {
  readonly spawner: Spawner;
  /** A spec that starts well: new ids at each call, profile `default`, network `none`. */
  makeSpec(changes?: Partial<ServerSpec>): ServerSpec;
  /** Whether what is under the spawner can tell what a running server uses; when absent, it can. */
  measures?(spec: ServerSpec): Promise<boolean>;
}

const soon = (): AbortSignal => AbortSignal.timeout(180_000);

async function stepsOf(steps: AsyncIterable<Step>): Promise<Step[]> {
  const seen: Step[] = [];
  for await (const step of steps) seen.push(step);
  return seen;
}

/** A rejection whatever its reason is, so that a test can say which ones it allows. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.fail("it should have failed"),
    (error: unknown) => error,
  );
}

/** Collects events until the test ends; `until` waits for one that fits. */
function collect(spawner: Spawner, signal: AbortSignal) {
  const seen: ServerEvent[] = [];
  const ended = (async () => {
    for await (const event of spawner.watch(signal)) seen.push(event);
  })();
  async function until(fits: (event: ServerEvent) => boolean, timeoutMs = 60_000) {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = seen.find(fits);
      if (found !== undefined) return found;
      if (performance.now() > end) assert.fail(`no such event in ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return { until, ended };
}

async function stateOf(spawner: Spawner, serverId: ServerId): Promise<ServerState | undefined> {
  const states = await spawner.list(soon());
  return states.find((state) => state.serverId === serverId);
}

export function testSpawner(name: string, open: () => Promise<SpawnerUnderTest>): void {
  describe(`spawner: ${name}`, () => {
    let test: SpawnerUnderTest;
    const started: ServerId[] = [];

    function makeSpec(changes?: Partial<ServerSpec>): ServerSpec {
      const spec = test.makeSpec(changes);
      started.push(spec.serverId);
      return spec;
    }

    async function start(spec: ServerSpec): Promise<Step[]> {
      return stepsOf(test.spawner.start(spec, soon()));
    }

    before(async () => {
      test = await open();
    });
    after(async () => {
      for (const serverId of started) await test.spawner.stop(serverId, soon());
      await test[Symbol.asyncDispose]();
    });

    describe("start", () => {
      it("names its steps in order and ends with where the server answers", async () => {
        const steps = await start(makeSpec());
        assert.deepEqual(
          steps.map((step) => step.step),
          ["network", "volume", "container", "started", "answering"],
        );
        const last = steps.at(-1);
        assert.ok(last?.step === "answering");
        assert.equal(typeof last.upstream.host, "string");
        assert.ok(Number.isInteger(last.upstream.port));
      });

      it("sends plain JSON values", async () => {
        const steps = await start(makeSpec());
        assert.deepEqual(JSON.parse(JSON.stringify(steps)), steps);
      });

      it("keeps a running server of the same generation when it is asked again", async () => {
        const spec = makeSpec();
        const first = await start(spec);
        const before = await stateOf(test.spawner, spec.serverId);
        const second = await start(spec);
        const after = await stateOf(test.spawner, spec.serverId);
        assert.deepEqual(second.at(-1), first.at(-1));
        assert.equal(after?.started, before?.started);
      });

      it("replaces what an older generation left", async () => {
        const spec = makeSpec();
        await start(spec);
        await start({ ...spec, generation: spec.generation + 1 });
        const states = await test.spawner.list(soon());
        const own = states.filter((state) => state.serverId === spec.serverId);
        assert.deepEqual(
          own.map((state) => state.generation),
          [spec.generation + 1],
        );
      });

      it("names a profile that is not configured", async () => {
        const error = await failureOf(start(makeSpec({ profile: "no-such-profile" })));
        assert.ok(error instanceof HubError);
        assert.equal(error.code, "profile_missing");
      });

      it("ends at once when its signal was aborted before", async () => {
        const spec = makeSpec();
        const error = await failureOf(stepsOf(test.spawner.start(spec, AbortSignal.abort())));
        assert.ok(error instanceof Error);
        assert.equal(error.name, "AbortError");
        assert.equal(await stateOf(test.spawner, spec.serverId), undefined);
      });

      for (const step of ["network", "volume", "container", "started"] as const) {
        it(`can be aborted after the step “${step}” and started again`, async () => {
          const spec = makeSpec();
          const abort = new AbortController();
          const cut = failureOf(
            (async () => {
              for await (const done of test.spawner.start(spec, abort.signal)) {
                if (done.step === step) abort.abort();
              }
            })(),
          );
          const error = await cut;
          assert.ok(error instanceof Error && error.name === "AbortError", String(error));
          const again = await start({ ...spec, generation: spec.generation + 1 });
          assert.equal(again.at(-1)?.step, "answering");
          const state = await stateOf(test.spawner, spec.serverId);
          assert.equal(state?.generation, spec.generation + 1);
        });
      }

      it("leaves nothing behind when it is aborted and then stopped", async () => {
        const spec = makeSpec();
        const abort = new AbortController();
        const error = await failureOf(
          (async () => {
            for await (const done of test.spawner.start(spec, abort.signal)) {
              if (done.step === "container") abort.abort();
            }
          })(),
        );
        assert.ok(error instanceof Error && error.name === "AbortError", String(error));
        await test.spawner.stop(spec.serverId, soon());
        assert.equal(await stateOf(test.spawner, spec.serverId), undefined);
      });
    });

    describe("stop", () => {
      it("removes the server from the list", async () => {
        const spec = makeSpec();
        await start(spec);
        await test.spawner.stop(spec.serverId, soon());
        assert.equal(await stateOf(test.spawner, spec.serverId), undefined);
        assert.equal(await test.spawner.inspect(spec.serverId, soon()), undefined);
      });

      it("may be repeated, and asked of a server that never was", async () => {
        const spec = makeSpec();
        await start(spec);
        await test.spawner.stop(spec.serverId, soon());
        await test.spawner.stop(spec.serverId, soon());
        await test.spawner.stop(makeId<"server">(), soon());
      });

      it("lets the server start again", async () => {
        const spec = makeSpec();
        await start(spec);
        await test.spawner.stop(spec.serverId, soon());
        const again = await start({ ...spec, generation: spec.generation + 1 });
        assert.equal(again.at(-1)?.step, "answering");
      });
    });

    describe("list and inspect", () => {
      it("tell whose server runs, which generation and where", async () => {
        const spec = makeSpec();
        const steps = await start(spec);
        const last = steps.at(-1);
        assert.ok(last?.step === "answering");
        const state = await stateOf(test.spawner, spec.serverId);
        assert.ok(state !== undefined);
        const { started: startedAt, ...rest } = state;
        assert.deepEqual(rest, {
          userId: spec.userId,
          serverId: spec.serverId,
          generation: spec.generation,
          profile: spec.profile,
          state: "running",
          upstream: last.upstream,
        });
        assert.equal(new Date(startedAt ?? "").getTime() > 0, true);
        assert.deepEqual(await test.spawner.inspect(spec.serverId, soon()), state);
        assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
      });

      it("know nothing of a server that never was", async () => {
        assert.equal(await test.spawner.inspect(makeId<"server">(), soon()), undefined);
      });
    });

    describe("freeze and resume", () => {
      it("change the state, may be repeated, and are told as events", async (context) => {
        if (!test.spawner.supports.freeze) {
          context.skip("this driver cannot freeze");
          return;
        }
        const abort = new AbortController();
        const events = collect(test.spawner, abort.signal);
        const spec = makeSpec();
        await start(spec);
        await test.spawner.freeze(spec.serverId, soon());
        await test.spawner.freeze(spec.serverId, soon());
        assert.equal((await stateOf(test.spawner, spec.serverId))?.state, "frozen");
        const { serverId, generation } = spec;
        assert.deepEqual(
          await events.until((event) => event.event === "frozen" && event.serverId === serverId),
          { event: "frozen", serverId, generation },
        );
        await test.spawner.resume(spec.serverId, soon());
        await test.spawner.resume(spec.serverId, soon());
        assert.equal((await stateOf(test.spawner, spec.serverId))?.state, "running");
        assert.deepEqual(
          await events.until((event) => event.event === "resumed" && event.serverId === serverId),
          { event: "resumed", serverId, generation },
        );
        abort.abort();
        await events.ended;
      });

      it("a frozen server can be stopped", async (context) => {
        if (!test.spawner.supports.freeze) {
          context.skip("this driver cannot freeze");
          return;
        }
        const spec = makeSpec();
        await start(spec);
        await test.spawner.freeze(spec.serverId, soon());
        await test.spawner.stop(spec.serverId, soon());
        assert.equal(await stateOf(test.spawner, spec.serverId), undefined);
      });
    });

    describe("watch", () => {
      it("ends without an error when its signal is aborted, also before it began", async () => {
        const abort = new AbortController();
        const events = collect(test.spawner, abort.signal);
        setTimeout(() => abort.abort(), 50);
        await events.ended;
        await collect(test.spawner, AbortSignal.abort()).ended;
      });
    });

    describe("logs and usage", () => {
      it("are lines and numbers of a running server", async () => {
        const spec = makeSpec();
        await start(spec);
        const lines = await test.spawner.logs(spec.serverId, 5, soon());
        assert.ok(lines.length <= 5);
        assert.ok(lines.every((line) => typeof line === "string" && !line.includes("\n")));
        if ((await test.measures?.(spec)) === false) return;
        const usage = await test.spawner.usage(spec.serverId, soon());
        assert.ok(usage !== undefined);
        assert.ok(usage.memoryBytes >= 0 && usage.memoryLimitBytes >= usage.memoryBytes);
        assert.ok(usage.cpuSeconds >= 0);
      });

      it("are empty when there is no such server", async () => {
        const nobody = makeId<"server">();
        assert.deepEqual(await test.spawner.logs(nobody, 5, soon()), []);
        assert.equal(await test.spawner.usage(nobody, soon()), undefined);
      });
    });

    describe("check", () => {
      it("is content when starts can work", async () => {
        await test.spawner.check(soon());
      });
    });

    describe("report", () => {
      it("tells plain JSON values about the engine, and changes nothing", async () => {
        // In no order.
        const list = async () =>
          (await test.spawner.list(soon())).toSorted((a, b) =>
            a.serverId.localeCompare(b.serverId),
          );
        const before = await list();
        const report = await test.spawner.report(soon());
        assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
        assert.match(report.version, /^\d+\.\d+/);
        assert.ok(Math.abs(Date.parse(report.time) - Date.now()) < 60_000);
        assert.ok(report.memoryBytes > 0);
        const profile = report.images.find((image) => image.profile === "default");
        assert.equal(profile?.isThere, true);
        const { places, taken } = report.networks;
        assert.ok(places > 0 && taken >= 0 && taken <= places);
        if (report.disk !== undefined) {
          assert.ok(report.disk.totalBytes > 0 && report.disk.freeBytes <= report.disk.totalBytes);
        }
        assert.deepEqual(await list(), before);
      });

      it("counts the networks of servers", async () => {
        const { taken } = (await test.spawner.report(soon())).networks;
        await start(makeSpec());
        const { networks } = await test.spawner.report(soon());
        assert.ok(networks.taken > taken);
      });
    });
  });
}
