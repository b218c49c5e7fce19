/** A class of a hundred, with every mishap at random moments: simulated, so that each seed can be played again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { UserId, UserRecord } from "#src/stores/records.ts";
import { isAlive } from "#test/support/fake-engine.ts";
import { givenSeed } from "#test/support/property.ts";
import { Random } from "#test/support/random.ts";
import { type BootedHub, ServersBox, self } from "#test/support/servers-box.ts";

const USERS = 100;
const ACTIONS = 300;
const WIDTH = 4;

/** `either`: a wish that was not acknowledged, or a mishap in the middle of something. */
type Wanted = "up" | "rest" | "either";

class Schedule {
  readonly #random: Random;
  readonly #box = new ServersBox({ stepMs: 150, spawner: { concurrentStarts: WIDTH } });
  readonly #wanted = new Map<UserId, Wanted>();
  /** Counts the wishes of each person: only the last one may say how it ended. */
  readonly #wishes = new Map<UserId, number>();
  #users: UserRecord[] = [];
  #hub: BootedHub | undefined;
  /** The line as a bystander sees it. */
  #line: UserId[] = [];
  readonly #seen = new Map<UserId, ServerStatus["is"]>();
  /** What happened to whom, for the message of a failure; without a user: to everybody. */
  readonly #story: { readonly at: number; readonly userId?: UserId; readonly what: string }[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async play(): Promise<void> {
    this.#users = await this.#box.addUsers(USERS);
    await this.#boot();
    for (let n = 0; n < ACTIONS; n++) {
      await this.#act();
      await this.#box.clock.advance(this.#random.below(400));
      this.#check();
    }
    if (this.#box.engine.lost !== undefined) this.#box.engine.back();
    await this.#box.clock.advance(900_000);
    this.#checkEnd();
    await this.#hub?.[Symbol.asyncDispose]();
  }

  async #act(): Promise<void> {
    const chance = this.#random.below(100);
    const user = this.#random.pick(this.#users);
    if (chance < 48) this.#start(user);
    else if (chance < 78) this.#stop(user);
    else if (chance < 88) this.#killContainer(user);
    else if (chance < 92) this.#stumble();
    else if (chance < 96) this.#switchEngine();
    else if (chance < 98) await this.#restartHub();
    else await this.#bell();
  }

  /** Everybody at once. */
  async #bell(): Promise<void> {
    for (const user of this.#users) this.#start(user);
  }

  #start(user: UserRecord): void {
    const { servers } = this.#hubNow();
    // Adds nothing, also when the engine has just gone and taken the server with it.
    if (this.#statusOf(user).is === "running") return;
    this.#wish(user, servers.start(user, self(user)), "up");
  }

  #stop(user: UserRecord): void {
    const { servers } = this.#hubNow();
    this.#wish(user, servers.stop(user.id, self(user)), "rest");
  }

  /** Until it is acknowledged, either may come of it. */
  #wish(user: UserRecord, work: Promise<unknown>, wanted: "up" | "rest"): void {
    const number = (this.#wishes.get(user.id) ?? 0) + 1;
    this.#wishes.set(user.id, number);
    const hub = this.#hub;
    this.#wanted.set(user.id, "either");
    this.#note(`asked for: ${wanted}`, user.id);
    work.then(
      () => {
        if (this.#wishes.get(user.id) !== number || this.#hub !== hub) return;
        const { is } = this.#statusOf(user);
        this.#note(`acknowledged: ${wanted}`, user.id);
        const isOver = wanted === "up" && is === "stopped";
        this.#wanted.set(user.id, isOver ? "either" : wanted);
      },
      (error: unknown) => {
        assert.ok(error instanceof HubError, String(error));
        this.#note(`refused: ${error.code}`, user.id);
      },
    );
  }

  #killContainer(user: UserRecord): void {
    const record = this.#box.record(user);
    const container = record && this.#box.engine.containers.get(record.id);
    if (record === undefined || container === undefined || !isAlive(container)) return;
    const isRunning = this.#statusOf(user).is === "running" && this.#box.engine.lost === undefined;
    this.#mishap(user, isRunning ? "rest" : "either");
    if (this.#random.percent(30)) this.#box.engine.removeOutside(record.id);
    else this.#box.engine.die(record.id, this.#random.pick([0, 1, 137]));
  }

  /** The engine refuses something once: a start is tried again, a stop tells who asked. */
  #stumble(): void {
    const point = this.#random.pick(["network", "container", "started", "killed"] as const);
    this.#note(`the engine will stumble at ${point}`);
    this.#box.engine.failAt(point, new HubError("spawner_failed", { detail: "stumbled" }));
  }

  #switchEngine(): void {
    const { engine } = this.#box;
    if (engine.lost !== undefined) {
      this.#note("the engine is back");
      engine.back();
      return;
    }
    const takesDown = this.#random.percent(30);
    for (const user of this.#users) {
      const { is } = this.#statusOf(user);
      if (is === "starting" || is === "queued") this.#mishap(user, "either");
      if (is === "running" && takesDown) this.#mishap(user, "rest");
      if (is === "stopping") this.#mishap(user, "either");
    }
    this.#note(takesDown ? "the engine and its containers are gone" : "the engine is gone");
    engine.lose({ takesDown });
  }

  #mishap(user: UserRecord, wanted: Wanted): void {
    this.#note(`mishap: ${wanted}`, user.id);
    this.#wanted.set(user.id, wanted);
    // What was wished before does not count any more.
    this.#wishes.set(user.id, (this.#wishes.get(user.id) ?? 0) + 1);
  }

  async #restartHub(): Promise<void> {
    if (this.#random.percent(50)) {
      this.#hubNow().kill();
      this.#box.engine.startsUnderWay = 0;
      for (const user of this.#users) {
        // A stop that was not acknowledged is finished, or was never written.
        if (this.#statusOf(user).is === "stopping") this.#mishap(user, "either");
      }
    } else {
      for (const user of this.#users) {
        if (this.#statusOf(user).is === "stopping") this.#mishap(user, "either");
      }
      await this.#hubNow().servers.close();
    }
    await this.#boot();
  }

  async #boot(): Promise<void> {
    this.#note("a hub opens");
    this.#line = [];
    this.#seen.clear();
    const booting = this.#box.boot(undefined, (servers) => {
      servers.onChange((userId, _name, status) => this.#bystand(userId, status));
    });
    await this.#box.clock.advance(0);
    this.#hub = await booting;
  }

  /** First come, first served; who is tried again goes first. */
  #bystand(userId: UserId, { is }: ServerStatus): void {
    const before = this.#seen.get(userId);
    this.#seen.set(userId, is);
    if (before === is) return;
    this.#note(is, userId);
    if (is === "queued") {
      if (before === "starting") this.#line.unshift(userId);
      else this.#line.push(userId);
    } else if (is === "starting") {
      assert.equal(this.#line.shift(), userId, "somebody jumped the queue");
    } else if (before === "queued") {
      this.#line = this.#line.filter((each) => each !== userId);
    }
  }

  #check(): void {
    const { engine } = this.#box;
    const statuses = this.#users.map((user) => this.#statusOf(user).is);
    assert.ok(statuses.filter((is) => is === "starting").length <= WIDTH);
    assert.ok(engine.startsUnderWay <= WIDTH, `${engine.startsUnderWay} starts at once`);
    const owners = Array.from(engine.containers.values(), ({ spec }) => spec.userId);
    assert.equal(new Set(owners).size, owners.length, "two containers of one person");
    for (const user of this.#users) {
      const isRouted = this.#hubNow().servers.route(user.id, "") !== undefined;
      assert.equal(isRouted, this.#statusOf(user).is === "running");
    }
  }

  #checkEnd(): void {
    const up: string[] = [];
    for (const user of this.#users) {
      const status = this.#statusOf(user);
      const { is } = status;
      assert.ok(is === "running" || is === "stopped", `${user.name} is stuck: ${is}`);
      const wanted = this.#wanted.get(user.id) ?? "rest";
      const story = this.#storyOf(user);
      // Both tries of a start may have met the engine's troubles: then that is what the person reads.
      const code = status.is === "stopped" ? status.lastFailure?.code : undefined;
      const isTold = code === "spawner_failed" || code === "docker_unreachable";
      if (wanted === "up") assert.ok(is === "running" || isTold, `should be up:\n${story}`);
      if (wanted === "rest") assert.equal(is, "stopped", `should rest:\n${story}`);
      assert.equal(this.#box.inEngine(user) === "container", is === "running", story);
      assert.equal(this.#box.record(user)?.startRequested, undefined, story);
      assert.equal(this.#box.record(user)?.started !== undefined, is === "running", story);
      if (is === "running") up.push(user.name);
    }
    assert.equal(this.#box.engine.alive().length, up.length);
  }

  #note(what: string, userId?: UserId): void {
    const at = this.#box.clock.monotonic();
    this.#story.push(userId === undefined ? { at, what } : { at, userId, what });
  }

  #storyOf(user: UserRecord): string {
    return this.#story
      .filter(({ userId }) => userId === undefined || userId === user.id)
      .slice(-25)
      .map(({ at, what }) => `${at} ms: ${what}`)
      .join("\n");
  }

  #hubNow(): BootedHub {
    assert.ok(this.#hub !== undefined);
    return this.#hub;
  }

  #statusOf(user: UserRecord): ServerStatus {
    return this.#hubNow().servers.status(user.id);
  }
}

describe(`a class of ${USERS} with every mishap`, () => {
  const seeds = givenSeed === undefined ? [1, 2, 3, 4, 5, 6] : [givenSeed];
  for (const seed of seeds) {
    it(`ends as everybody asked last (seed ${seed})`, () => new Schedule(seed).play());
  }
});
