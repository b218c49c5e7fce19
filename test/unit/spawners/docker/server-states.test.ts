import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readContainer } from "#src/spawners/docker/engine/facts.ts";
import { exitFailure, onePerServer, serverState } from "#src/spawners/docker/server-states.ts";

function labels(generation: number, serverId = "cccccccccccccccc") {
  return {
    "homeroom.instance": "aaaaaaaaaaaaaaaa",
    "homeroom.kind": "server",
    "homeroom.user": "bbbbbbbbbbbbbbbb",
    "homeroom.server": serverId,
    "homeroom.generation": String(generation),
    "homeroom.profile": "default",
  };
}

function facts(State: object) {
  return readContainer({ Id: "1", Config: { Labels: labels(2) }, State });
}

const upstream = { host: "10.213.0.2", port: 8888 };
const common = {
  userId: "bbbbbbbbbbbbbbbb",
  serverId: "cccccccccccccccc",
  generation: 2,
  profile: "default",
};

describe("the state of a server", () => {
  it("that runs has an upstream and the time of its start", () => {
    const running = facts({ Status: "running", StartedAt: "2026-11-22T05:02:29.196444297Z" });
    assert.deepEqual(serverState(running, upstream), {
      ...common,
      state: "running",
      upstream,
      started: "2026-11-22T05:02:29.196Z",
    });
  });

  it("that was paused is frozen, and known where it will answer again", () => {
    const state = serverState(facts({ Status: "paused" }), upstream);
    assert.deepEqual(state, { ...common, state: "frozen", upstream });
  });

  it("that ended has an exit and no upstream", () => {
    const state = serverState(facts({ Status: "exited", ExitCode: 3 }), upstream);
    assert.deepEqual(state, { ...common, state: "exited", exit: { code: 3, outOfMemory: false } });
  });

  it("ended for want of memory only when its first process was killed", () => {
    const killed = serverState(
      facts({ Status: "exited", ExitCode: 137, OOMKilled: true }),
      undefined,
    );
    assert.deepEqual(killed?.exit, { code: 137, outOfMemory: true });
    const later = serverState(facts({ Status: "exited", ExitCode: 0, OOMKilled: true }), undefined);
    assert.deepEqual(later?.exit, { code: 0, outOfMemory: false });
  });

  it("is none for a container without our labels", () => {
    assert.equal(serverState(readContainer({ Id: "1" }), upstream), undefined);
  });
});

describe("a start whose container ended", () => {
  const memory = 512 * 1024 ** 2;
  it("says so with the exit code, or that memory was wanting", () => {
    assert.equal(
      exitFailure(facts({ Status: "exited", ExitCode: 3 }), memory).code,
      "exited_at_once",
    );
    const failure = exitFailure(
      facts({ Status: "exited", ExitCode: 137, OOMKilled: true }),
      memory,
    );
    assert.equal(failure.code, "out_of_memory");
    assert.deepEqual(failure.params, { limit: "512 MB" });
  });

  it("says that there was no command to run", () => {
    for (const ExitCode of [126, 127]) {
      const failure = exitFailure(facts({ Status: "exited", ExitCode }), memory);
      assert.deepEqual([failure.code, failure.params], ["no_command", { exit_code: ExitCode }]);
    }
  });

  it("says so when the container is gone altogether", () => {
    assert.deepEqual(exitFailure(undefined, memory).params, { exit_code: "?" });
  });
});

describe("several containers of one server", () => {
  const one = (
    id: string,
    status: "running" | "exited",
    generation: number,
    serverId?: string,
  ) => ({
    id,
    status,
    labels: labels(generation, serverId),
  });

  it("count as the one that runs, else as the newest", () => {
    const other = "dddddddddddddddd";
    const chosen = onePerServer([
      one("a", "exited", 9),
      one("b", "running", 2),
      one("c", "running", 3),
      one("d", "exited", 1, other),
      one("e", "exited", 4, other),
      { id: "f", status: "running", labels: {} },
    ]);
    assert.deepEqual(chosen.map(({ id }) => id).sort(), ["c", "e"]);
  });
});
