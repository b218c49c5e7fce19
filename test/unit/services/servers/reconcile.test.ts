import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Decision, type Known, reconcile } from "#src/services/servers/reconcile.ts";
import type { LifeState } from "#src/services/servers/server-state.ts";
import type { ServerState as FoundState } from "#src/spawners/spawner.ts";
import { makeId } from "#src/stores/ids.ts";
import type { ServerRecord } from "#src/stores/records.ts";

const at = "2026-11-02T08:00:00.000Z";
const upstream = { host: "10.213.0.2", port: 8888 };
const userId = makeId<"user">();
const id = makeId<"server">();

const resting: ServerRecord = { id, userId, name: "", generation: 4, options: {} };
const meantToRun: ServerRecord = { ...resting, started: at };
const askedFor: ServerRecord = { ...resting, startRequested: at };
const stopped: LifeState = { is: "stopped" };
const running: LifeState = { is: "running", generation: 4, started: at, upstream };

const found: FoundState = {
  userId,
  serverId: id,
  generation: 4,
  profile: "default",
  state: "running",
  upstream,
  started: at,
};
const { upstream: _, ...unreachable } = found;
const exit = { code: 1, outOfMemory: false };
const dead: FoundState = { ...unreachable, state: "exited", exit };
const frozen: FoundState = { ...found, state: "frozen" };
const created: FoundState = { ...unreachable, state: "created" };
const older: FoundState = { ...found, generation: 3 };

function decisionFor(known: Known, ...listed: FoundState[]): Decision | undefined {
  const decisions = reconcile([known], listed);
  assert.ok(decisions.length <= 1);
  return decisions[0];
}

describe("what is on record and what the engine has", () => {
  const cases: [string, Known, FoundState[], Decision | undefined][] = [
    ["rests, and nothing is there", { record: resting, state: stopped }, [], undefined],
    ...[found, dead, frozen, created, older].map(
      (each): [string, Known, FoundState[], Decision | undefined] => [
        `rests, and something ${each.state} is there`,
        { record: resting, state: stopped },
        [each],
        { do: "remove", serverId: id, generation: 4 },
      ],
    ),
    [
      "is meant to run, and runs",
      { record: meantToRun, state: stopped },
      [found],
      { do: "adopt", serverId: id, state: running },
    ],
    [
      "is meant to run, and is frozen",
      { record: meantToRun, state: stopped },
      [frozen],
      {
        do: "adopt",
        serverId: id,
        state: { is: "frozen", generation: 4, started: at, upstream },
      },
    ],
    [
      "is meant to run, and runs out of reach",
      { record: meantToRun, state: stopped },
      [unreachable],
      { do: "resume", serverId: id, generation: 4 },
    ],
    [
      "is meant to run, and is dead",
      { record: meantToRun, state: stopped },
      [dead],
      { do: "bury", serverId: id, generation: 4, exit },
    ],
    [
      "is meant to run, and was never started",
      { record: meantToRun, state: stopped },
      [created],
      { do: "remove", serverId: id, generation: 4 },
    ],
    [
      "is meant to run, and only an older one does",
      { record: meantToRun, state: stopped },
      [older],
      { do: "remove", serverId: id, generation: 4 },
    ],
    [
      "is meant to run, and does beside an older one",
      { record: meantToRun, state: stopped },
      [older, found],
      { do: "adopt", serverId: id, state: running },
    ],
    [
      "is meant to run, and nothing is there",
      { record: meantToRun, state: stopped },
      [],
      { do: "forget", serverId: id, generation: 4 },
    ],
    ...[[], [found], [dead], [older]].map(
      (listed): [string, Known, FoundState[], Decision | undefined] => [
        `was asked for, and ${listed[0]?.state ?? "nothing"} is there`,
        { record: askedFor, state: stopped },
        listed,
        { do: "resume", serverId: id, generation: 4 },
      ],
    ),
    ["runs as known", { record: meantToRun, state: running }, [found], undefined],
    ...[[], [dead], [frozen], [older], [unreachable]].map(
      (listed): [string, Known, FoundState[], Decision | undefined] => [
        `is believed to run, and the list has ${listed[0]?.state ?? "nothing"}`,
        { record: meantToRun, state: running },
        listed,
        { do: "look", serverId: id },
      ],
    ),
  ];

  for (const [name, known, listed, expected] of cases) {
    it(name, () => assert.deepEqual(decisionFor(known, ...listed), expected));
  }

  it("leaves alone what is on its way", () => {
    const when = { at, monotonic: 0 };
    const busy: LifeState[] = [
      { is: "queued", generation: 4, attempt: 1, since: when, mayHaveLeftover: false },
      {
        is: "starting",
        generation: 4,
        attempt: 1,
        since: at,
        done: [],
        now: "network",
        stepSince: 0,
      },
      { is: "stopping", generation: 4, since: at, ending: { why: "cancelled" } },
    ];
    for (const state of busy) {
      for (const listed of [[], [found], [dead], [older]]) {
        assert.deepEqual(reconcile([{ record: askedFor, state }], listed), []);
      }
    }
  });

  it("removes what belongs to nobody", () => {
    const stranger = makeId<"server">();
    assert.deepEqual(reconcile([], [{ ...found, serverId: stranger }]), [
      { do: "remove_orphan", serverId: stranger },
    ]);
  });

  it("resumes in the order in which starts were asked for", () => {
    const times = ["08:00:03", "08:00:01", "08:00:02"];
    const known = times.map((time, n) => ({
      record: { ...askedFor, id: makeId<"server">(), startRequested: `2026-11-02T${time}.000Z`, n },
      state: stopped,
    }));
    const decisions = reconcile(known, []);
    assert.deepEqual(
      decisions.map((each) => each.serverId),
      [1, 2, 0].map((n) => known[n]?.record.id),
    );
  });

  it("knows of an engine that is away only what was asked for", () => {
    assert.deepEqual(reconcile([{ record: meantToRun, state: stopped }], undefined), []);
    assert.deepEqual(reconcile([{ record: meantToRun, state: running }], undefined), []);
    assert.deepEqual(reconcile([{ record: askedFor, state: stopped }], undefined), [
      { do: "resume", serverId: id, generation: 4 },
    ]);
  });
});
