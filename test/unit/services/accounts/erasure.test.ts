import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { Accounts } from "#src/services/accounts/accounts.ts";
import { Erasure } from "#src/services/accounts/erasure.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";
import { Login, openNothing } from "#src/services/sign-in/login.ts";
import type { UserId, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { settle } from "#test/support/fake-clock.ts";
import { FakeHomes } from "#test/support/fake-homes.ts";
import {
  PlainPasswords,
  actorFor,
  consoleActor,
  failureOf,
  visitorAt,
} from "#test/support/people.ts";
import { collect } from "#test/support/records.ts";
import { type BootedHub, ServersBox, self } from "#test/support/servers-box.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { rowTexts } from "#test/support/store-rows.ts";

/** Homes that can be away, slow, or in use as long as a container has them. */
class TestHomes extends FakeHomes {
  readonly #box: ServersBox;
  removals = 0;
  isAway = false;
  removing: Promise<void> = Promise.resolve();

  constructor(box: ServersBox) {
    super();
    this.#box = box;
  }

  override async remove(userId: UserId, signal?: AbortSignal): Promise<void> {
    this.removals += 1;
    await this.removing;
    signal?.throwIfAborted();
    if (this.isAway) throw new HubError("docker_unreachable", { detail: "there is no socket" });
    for (const { spec } of this.#box.engine.containers.values()) {
      if (spec.userId === userId) {
        throw new HubError("spawner_failed", { detail: "volume is in use" });
      }
    }
    await super.remove(userId);
  }
}

async function createWorld() {
  const box = new ServersBox();
  const { store, clock } = box;
  const homes = new TestHomes(box);
  const [passwords, attempts] = [new PlainPasswords(), new Attempts()];
  const accounts = new Accounts({ store, clock, attempts, passwords, minLength: 8 });
  const add = async (name: string, role: UserRecord["role"] = "student") =>
    (await accounts.add({ name, role, password: `${name} likes tea` }, consoleActor)).user;
  const olga = await add("olga", "owner");
  const hub = await box.boot();

  function erasureWith({ servers }: BootedHub, disk: Store = store): Erasure {
    const parts = { clock, timers: clock, servers, homes, attempts, log: silentLog };
    return new Erasure({ ...parts, store: disk });
  }

  /** The store, with something else in place of the change that takes the record away. */
  function storeWithout(user: UserRecord, lastChange: () => Promise<never> | undefined): Store {
    return Object.assign(Object.create(store) as Store, {
      get: store.get.bind(store),
      entries: store.entries.bind(store),
      change: (plan: Parameters<Store["change"]>[0]) => {
        const isMarked = accounts.trashedById(user.id)?.erasing !== undefined;
        return (isMarked ? lastChange() : undefined) ?? store.change(plan);
      },
    });
  }

  /** In the trash, with a home, and with a server on record. */
  async function trashed(name: string): Promise<UserRecord> {
    const user = await add(name);
    await hub.servers.start(user, self(user));
    await hub.servers.settled(user.id, 10_000);
    await homes.ensure(user.id);
    return accounts.remove(user.id, actorFor(olga));
  }

  const world = { box, store, clock, homes, attempts, accounts, add, olga, hub };
  return { ...world, erasureWith, storeWithout, trashed };
}

type World = Awaited<ReturnType<typeof createWorld>>;

/** Everything that the store keeps, as text. */
async function everything({ store }: World): Promise<string> {
  const audit = await collect(store.audit());
  return [...rowTexts(store), ...audit.map((row) => JSON.stringify(row))].join("\n");
}

describe("erasing a person", { timeout: 120_000 }, () => {
  it("takes files, record, name and everything else, but not that it was done", async () => {
    const world = await createWorld();
    await using erasure = world.erasureWith(world.hub);
    erasure.open();
    // With a sign that no id has, as ids are letters by chance.
    const zora = await world.trashed("zora.old");
    await world.accounts.restore(zora.id, { name: "zora.new" }, actorFor(world.olga));
    await world.accounts.rename(zora.id, { displayName: "Zora Zwick" }, consoleActor);
    const other = await world.add("alex");
    const teacher = await world.accounts.setRole(zora.id, "teacher", consoleActor);
    await world.accounts.rename(other.id, { displayName: "Alex the Great" }, actorFor(teacher));
    await world.accounts.remove(zora.id, actorFor(world.olga));
    const words = /zora[. ]| zwick/i;
    assert.match(await everything(world), words);

    await erasure.erase(zora.id, " ZORA.New ", actorFor(world.olga));
    assert.doesNotMatch(await everything(world), words);
    assert.equal(world.homes.files.has(zora.id), false);
    assert.equal(world.accounts.trashedById(zora.id), undefined);
    assert.deepEqual(Array.from(world.store.entries("servers", `${zora.id}!`)), []);
    const about = (await collect(world.store.audit())).filter(({ subject }) => subject === zora.id);
    assert.equal(about[0]?.action, "user.erased");
    assert.equal(about[0].actorName, "olga");
    assert.ok(about.every(({ subjectName }) => subjectName === ""));
    assert.deepEqual(world.accounts.byId(other.id)?.displayName, "Alex the Great");
  });

  it("also takes the name out of sign-ins that were refused before they came and after they left", async () => {
    const world = await createWorld();
    await using erasure = world.erasureWith(world.hub);
    erasure.open();
    const { store, clock, accounts, attempts } = world;
    const authenticator = { authenticate: () => Promise.resolve(undefined) };
    const login = new Login({ authenticator, accounts, attempts, store, clock });
    const credentials = { username: "Zora.Z", password: "zora.z likes tea" };
    const signal = new AbortController().signal;
    const request = { credentials, actor: visitorAt("10.0.0.1"), signal, open: openNothing };
    const refused = () => failureOf(login.signIn(request));
    assert.equal(await refused(), "wrong_password");
    const zora = await world.trashed("zora.z");
    assert.equal(await refused(), "wrong_password");
    assert.match(await everything(world), /zora\./i);
    await erasure.erase(zora.id, "zora.z", consoleActor);
    assert.doesNotMatch(await everything(world), /zora\./i);
  });

  it("is done only to people in the trash, and only when their name was typed", async () => {
    const world = await createWorld();
    await using erasure = world.erasureWith(world.hub);
    erasure.open();
    const living = await world.add("maria");
    const sam = await world.trashed("sam");
    const before = await everything(world);
    const erase = (user: UserRecord, typed: string, actor: Actor = consoleActor) =>
      failureOf(erasure.erase(user.id, typed, actor));
    assert.equal(await erase(living, "maria"), "not_in_trash");
    for (const typed of ["", "olga", "sam2", "hub", sam.id]) {
      assert.equal(await erase(sam, typed), "confirmation_wrong", typed);
    }
    const gone = await world.accounts.remove((await world.add("gone", "owner")).id, consoleActor);
    assert.equal(await erase(sam, "sam", actorFor(gone)), "not_allowed");
    assert.equal(world.homes.files.has(sam.id), true);
    assert.ok((await everything(world)).includes(before.split("\n")[1] ?? "?"));
    assert.equal(world.accounts.trashedById(sam.id)?.erasing, undefined);
  });

  it("is written down first: it goes on in the next hub, wherever this one was killed", async () => {
    for (const point of ["before the home", "in the home", "after the home"] as const) {
      const world = await createWorld();
      const sam = await world.trashed("sam");
      const never = new Promise<never>(() => {});
      if (point === "in the home") world.homes.removing = never;
      const disk = point === "after the home" ? world.storeWithout(sam, () => never) : world.store;
      const killed = world.erasureWith(world.hub, disk);
      if (point !== "before the home") killed.open();
      void killed.erase(sam.id, "sam", consoleActor);
      await settle();
      assert.ok(world.accounts.trashedById(sam.id)?.erasing !== undefined, point);
      assert.equal(world.homes.files.has(sam.id), point !== "after the home", point);

      world.homes.removing = Promise.resolve();
      await using next = world.erasureWith(world.hub);
      next.open();
      await settle();
      assert.equal(world.accounts.trashedById(sam.id), undefined, point);
      assert.equal(world.homes.files.has(sam.id), false, point);
      const rows = await collect(world.store.audit());
      assert.equal(rows.filter(({ action }) => action === "user.erased").length, 1, point);
    }
  });

  it("is left to the next hub when this one ends", async () => {
    const world = await createWorld();
    const sam = await world.trashed("sam");
    const { timers } = world.clock;
    const held = Promise.withResolvers<void>();
    world.homes.removing = held.promise;
    const erasure = world.erasureWith(world.hub);
    erasure.open();
    const erasing = erasure.erase(sam.id, "sam", consoleActor);
    await settle();
    const closed = erasure[Symbol.asyncDispose]();
    held.resolve();
    await Promise.all([closed, erasing]);
    assert.ok(world.accounts.trashedById(sam.id)?.erasing !== undefined);
    assert.equal(world.clock.timers, timers);
  });

  it("waits for Docker, ever more patiently, and keeps nobody waiting with it", async () => {
    const world = await createWorld();
    const { clock, homes, accounts } = world;
    await using erasure = world.erasureWith(world.hub);
    erasure.open();
    const sam = await world.trashed("sam");
    homes.isAway = true;
    const erasing = erasure.erase(sam.id, "sam", consoleActor);
    await clock.advance(8_000);
    await erasing;
    assert.ok(accounts.trashedById(sam.id)?.erasing !== undefined);
    assert.equal(homes.removals, 3); // After 0, 2 and 6 seconds.
    await clock.advance(3_600_000);
    assert.ok(homes.removals > 50 && homes.removals < 70, `${homes.removals} tries in an hour`);
    homes.isAway = false;
    await clock.advance(60_000);
    assert.equal(accounts.trashedById(sam.id), undefined);
    assert.equal(clock.timers, 0);
  });

  it("goes on after a write that the disk refused", async () => {
    const world = await createWorld();
    const { clock, homes, accounts } = world;
    const sam = await world.trashed("sam");
    let fails = 1;
    const disk = world.storeWithout(sam, () => {
      fails -= 1;
      return fails < 0
        ? undefined
        : Promise.reject(new HubError("database_write_failed", { detail: "no space left" }));
    });
    await using erasure = world.erasureWith(world.hub, disk);
    erasure.open();
    const erasing = erasure.erase(sam.id, "sam", consoleActor);
    await clock.advance(8_000);
    await erasing;
    assert.ok(fails < 0);
    assert.equal(homes.removals, 2);
    assert.equal(accounts.trashedById(sam.id), undefined);
  });

  it("stops what still runs, before it takes the files", async () => {
    const world = await createWorld();
    const { box, clock, accounts } = world;
    await using erasure = world.erasureWith(world.hub);
    erasure.open();
    const sam = await world.add("sam");
    await world.hub.servers.start(sam, self(sam));
    await world.hub.servers.settled(sam.id, 10_000);
    const held = box.engine.hold("killed");
    await accounts.remove(sam.id, consoleActor);
    const erasing = erasure.erase(sam.id, "sam", consoleActor);
    await held.reached;
    assert.equal(world.homes.removals, 0);
    held.release();
    await clock.advance(1_000);
    await erasing;
    assert.equal(world.homes.removals, 1);
    assert.equal(box.engine.containers.size, 0);
    assert.equal(accounts.trashedById(sam.id), undefined);
  });

  it("cannot be taken back, asked for twice, or asked for wrongly meanwhile", async () => {
    const world = await createWorld();
    const { accounts, clock, homes } = world;
    await using erasure = world.erasureWith(world.hub);
    erasure.open();
    const sam = await world.trashed("sam");
    homes.isAway = true;
    const once = erasure.erase(sam.id, "sam", consoleActor);
    const twice = erasure.erase(sam.id, "sam", consoleActor);
    await clock.advance(8_000);
    await Promise.all([once, twice]);
    assert.equal(await failureOf(accounts.restore(sam.id, {}, consoleActor)), "erasing_now");
    const wrong = erasure.erase(sam.id, "tom", consoleActor);
    assert.equal(await failureOf(wrong), "confirmation_wrong");
    const next = await world.add("sam");
    homes.isAway = false;
    await clock.advance(60_000);
    assert.equal(accounts.trashedById(sam.id), undefined);
    assert.equal(await failureOf(erasure.erase(sam.id, "sam", consoleActor)), "not_in_trash");
    assert.deepEqual(accounts.byName("sam"), next);
    const rows = (await collect(world.store.audit())).filter(
      ({ action }) => action === "user.erased",
    );
    assert.equal(rows.length, 1);
  });

  it("wins or loses against a restore of the same moment, as a whole", async () => {
    for (const isRestoreFirst of [true, false]) {
      const world = await createWorld();
      await using erasure = world.erasureWith(world.hub);
      erasure.open();
      const sam = await world.trashed("sam");
      const works = [
        () => world.accounts.restore(sam.id, {}, consoleActor),
        () => erasure.erase(sam.id, "sam", consoleActor),
      ];
      if (!isRestoreFirst) works.reverse();
      const results = await Promise.all(works.map((work) => failureOf(work())));
      assert.deepEqual(results, ["no failure", isRestoreFirst ? "not_in_trash" : "erasing_now"]);
      assert.equal(world.accounts.byId(sam.id) !== undefined, isRestoreFirst);
      assert.equal(world.homes.files.has(sam.id), isRestoreFirst);
    }
  });

  it("without a hub that runs is only written down", async () => {
    const world = await createWorld();
    const sam = await world.trashed("sam");
    await using erasure = world.erasureWith(world.hub);
    await erasure.erase(sam.id, "sam", consoleActor);
    assert.ok(world.accounts.trashedById(sam.id)?.erasing !== undefined);
    assert.equal(world.homes.removals, 0);
  });
});
