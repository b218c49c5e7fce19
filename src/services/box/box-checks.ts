/** Looks whether the box is well: the same checks for the page Health, for `doctor`, and for the line on the home page. */
import type { Clock } from "#src/clock.ts";
import type { Config } from "#src/config/schema.ts";
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Spawner, SpawnerReport } from "#src/spawners/spawner.ts";
import { readRestored, RESTORED_KEY, restoredWasRead } from "#src/stores/restored.ts";
import type { Store } from "#src/stores/store.ts";
import type { BoxFacts } from "./box-facts.ts";
import { checkDisk, checkDocker, checkImages, checkMemory, checkPool } from "./engine-checks.ts";
import { type Check, checkNames, type CheckName, failed, found, worstFirst } from "./findings.ts";
import {
  checkClock,
  checkDatabase,
  checkExports,
  checkOwners,
  checkRestored,
  checkSecrets,
} from "./record-checks.ts";
import { livingPeople, newestOnRecord } from "./store-facts.ts";

/** A look that takes longer says so, and the others are not kept waiting. */
const DEADLINE_MS = 5000;
/** What was found is told again for so long: reloading a page costs nothing. */
const GOOD_FOR_MS = 10_000;
/** How old a look at the disk may be for the line on the home page. */
const DISK_GOOD_FOR_MS = 60_000;

export interface BoxChecksParts {
  /** Absent when it could not be opened: why is said by whoever tried. */
  readonly store?: Store;
  readonly spawner: Pick<Spawner, "report" | "check">;
  readonly config: Pick<Config, "spawner">;
  readonly facts: BoxFacts;
  readonly clock: Clock;
  readonly log: Logger;
  /** What keeps the engine from answering, when somebody watches it. */
  readonly trouble?: () => FailureData | undefined;
  readonly deadlineMs?: number;
}

type Look = (signal: AbortSignal) => Promise<Check | undefined> | Check | undefined;

export class BoxChecks {
  readonly #parts: BoxChecksParts;
  #last: { readonly at: number; readonly checks: Promise<readonly Check[]> } | undefined;
  #disk: { readonly at: number; readonly check: Check | undefined } | undefined;

  constructor(parts: BoxChecksParts) {
    this.#parts = parts;
  }

  /** All checks, each with its deadline. What was found some seconds ago is told again unless asked for `anew`. */
  run(options: { readonly anew?: boolean } = {}): Promise<readonly Check[]> {
    const now = this.#parts.clock.monotonic();
    const isFresh = this.#last !== undefined && now - this.#last.at < GOOD_FOR_MS;
    if (this.#last === undefined || !isFresh || options.anew === true) {
      this.#last = { at: now, checks: this.#runAll() };
    }
    return this.#last.checks;
  }

  /** What is wrong, as far as it is known without waiting: for pages that must not wait. */
  glance(): readonly Check[] {
    const { store, trouble } = this.#parts;
    const failure = trouble?.();
    this.#lookAtDisk();
    const known = [
      failure === undefined ? undefined : failed("docker", failure),
      ...(store === undefined ? [] : glanceAtStore(store)),
      this.#disk?.check,
    ];
    return worstFirst(
      known.filter((check) => check !== undefined).filter(({ status }) => status !== "ok"),
    );
  }

  /** The database was restored, and nobody has said yet that they have read it. */
  isNoticeDue(): boolean {
    return this.#parts.store?.health().restored !== undefined;
  }

  /** Somebody has: it is told no more. */
  async takeNotice(actor: Actor): Promise<void> {
    const { store, clock } = this.#parts;
    this.#last = undefined;
    await store?.change((state) => {
      if (readRestored(state) === undefined) return { writes: [], result: undefined };
      const detail = { setting: RESTORED_KEY, value: "read" };
      const line = auditRow({ action: "settings.changed", actor, detail }, clock);
      return { writes: [restoredWasRead, line], result: undefined };
    });
  }

  async #runAll(): Promise<readonly Check[]> {
    const looks = this.#looks();
    const checks = await Promise.all(
      checkNames.map(async (name) => {
        const look = looks[name];
        return look === undefined ? undefined : this.#within(name, look);
      }),
    );
    return checks.filter((check) => check !== undefined);
  }

  #looks(): Partial<Record<CheckName, Look>> {
    return { ...this.#looksAtEngine(), ...this.#looksAtBox(), ...this.#looksAtStore() };
  }

  /** Nothing but Docker itself is said of an engine that does not answer: the rest would only repeat it. */
  #looksAtEngine(): Partial<Record<CheckName, Look>> {
    const { spawner, clock, deadlineMs = DEADLINE_MS } = this.#parts;
    // A little less: an engine that hangs is said of the engine, and not of the clock too.
    const silent = new HubError("docker_unreachable", { detail: "no answer" });
    const asked = once(() => within(deadlineMs * 0.8, silent, (signal) => spawner.report(signal)));
    const ifThere =
      (judge: (report: SpawnerReport, signal: AbortSignal) => ReturnType<Look>): Look =>
      async (signal) => {
        const report = await asked(signal).catch(() => undefined);
        return report === undefined ? undefined : judge(report, signal);
      };
    return {
      docker: async (signal) => checkDocker(await asked(signal)),
      images: ifThere((report) => checkImages(report)),
      pool: ifThere(async (report, signal) =>
        checkPool(report, await failureOf(spawner.check(signal))),
      ),
      docker_disk: ifThere(({ disk }) =>
        disk === undefined ? undefined : checkDisk("docker_disk", disk),
      ),
      clock: async (signal) => {
        const report = await asked(signal).catch(() => undefined);
        const { store } = this.#parts;
        return checkClock({
          nowMs: clock.now(),
          newestMs: store === undefined ? undefined : await newestOnRecord(store),
          engineMs: report === undefined ? undefined : Date.parse(report.time),
        });
      },
    };
  }

  #looksAtBox(): Partial<Record<CheckName, Look>> {
    const { facts, config } = this.#parts;
    const limits = [
      config.spawner.memoryBytes,
      ...Object.values(config.spawner.profiles).map(({ memoryBytes }) => memoryBytes ?? 0),
    ];
    return {
      data_disk: async () => {
        const check = checkDisk("data_disk", await facts.disk());
        this.#disk = { at: this.#parts.clock.monotonic(), check };
        return check;
      },
      memory: () => checkMemory(facts.memory(), Math.max(...limits)),
      secrets: async () => checkSecrets(facts.secretsPath, await facts.secretsMode()),
    };
  }

  #looksAtStore(): Partial<Record<CheckName, Look>> {
    const { store, clock } = this.#parts;
    if (store === undefined) return {};
    const verified = once(() => store.verify());
    return {
      database: async (signal) => checkDatabase(store.health(), await verified(signal)),
      exports: async (signal) =>
        checkExports(store.health(), await verified(signal), {
          nowMs: clock.now(),
          newestMs: await newestOnRecord(store),
        }),
      owners: () => checkOwners(livingPeople(store)),
    };
  }

  async #within(name: CheckName, look: Look): Promise<Check | undefined> {
    const { deadlineMs = DEADLINE_MS, log } = this.#parts;
    const late = new Error("the check took too long");
    try {
      return await within(deadlineMs, late, async (signal) => look(signal));
    } catch (error) {
      if (error === late) {
        return found(name, "check_late", { seconds: Math.round(deadlineMs / 1000) });
      }
      if (error instanceof HubError) return failed(name, error.toData());
      log.error({ err: error, check: name }, "a check of the box failed");
      return found(name, "check_failed", { reason: reasonOf(error) });
    }
  }

  /** Behind the back of whoever asks: the next one sees it. */
  #lookAtDisk(): void {
    const { facts, clock, log } = this.#parts;
    const now = clock.monotonic();
    if (this.#disk !== undefined && now - this.#disk.at < DISK_GOOD_FOR_MS) return;
    this.#disk = { at: now, check: this.#disk?.check };
    facts.disk().then(
      (disk) => (this.#disk = { at: now, check: checkDisk("data_disk", disk) }),
      (error: unknown) =>
        log.warn({ err: error }, "the disk of the data folder cannot be looked at"),
    );
  }
}

function glanceAtStore(store: Store): readonly (Check | undefined)[] {
  const health = store.health();
  const { trouble } = health;
  const owners = checkOwners(livingPeople(store));
  return [
    checkRestored(health),
    trouble === undefined ? undefined : failed("exports", trouble),
    // Most boxes have one owner: worth a word where all is told, not on every page for ever.
    owners.code === "owners_one" ? undefined : owners,
  ];
}

/** One question, however many want to know. */
function once<Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
): (signal: AbortSignal) => Promise<Answer> {
  let answer: Promise<Answer> | undefined;
  return (signal) => (answer ??= ask(signal));
}

/** Ends in time with `late`, also when what was begun does not heed its signal. */
async function within<Result>(
  ms: number,
  late: Error,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    controller.abort(late);
    reject(late);
  }, ms);
  try {
    return await Promise.race([promise, work(controller.signal)]);
  } catch (error) {
    throw controller.signal.aborted ? late : error;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws what is no failure of the table, and what a signal ended. */
async function failureOf(work: Promise<unknown>): Promise<FailureData | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof HubError) return error.toData();
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
