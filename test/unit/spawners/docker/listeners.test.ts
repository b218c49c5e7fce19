import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Listener, readListeners, silentFailure } from "#src/spawners/docker/listeners.ts";

/** As Linux prints them, with what follows the state cut short. */
const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid";

function tcp(...entries: readonly string[]): string {
  return [HEAD, ...entries.map((entry, n) => `   ${n}: ${entry} 00000000:00000000 0`), ""].join(
    "\n",
  );
}

const ANY = "00000000";
const LOOPBACK = "0100007F";
const NOBODY = "00000000:0000";

describe("who listens inside a container", () => {
  it("is told from all addresses, or from its own alone", () => {
    const text = tcp(`${ANY}:22B8 ${NOBODY} 0A`, `${LOOPBACK}:1388 ${NOBODY} 0A`);
    assert.deepEqual(readListeners(text), [
      { port: 8888, isInner: false },
      { port: 5000, isInner: true },
    ]);
  });

  it("is told in the words of IPv6, too", () => {
    const zero = "0".repeat(32);
    const text = tcp(
      `${zero}:0050 ${zero}:0000 0A`,
      `00000000000000000000000001000000:0051 ${zero}:0000 0A`,
      `0000000000000000FFFF00000100007F:0052 ${zero}:0000 0A`,
      `0000000000000000FFFF0000021AD50A:0053 ${zero}:0000 0A`,
    );
    assert.deepEqual(readListeners(`${tcp()}${text}`), [
      { port: 80, isInner: false },
      { port: 81, isInner: true },
      { port: 82, isInner: true },
      { port: 83, isInner: false },
    ]);
  });

  it("counts as reached when one of two addresses is", () => {
    const inner = `${LOOPBACK}:1388 ${NOBODY} 0A`;
    const outer = `021AD50A:1388 ${NOBODY} 0A`;
    for (const text of [tcp(inner, outer), tcp(outer, inner)]) {
      assert.deepEqual(readListeners(text), [{ port: 5000, isInner: false }]);
    }
  });

  it("is nobody who is connected, and not the engine's own name server", () => {
    const text = tcp(`${ANY}:22B8 021AD50A:C350 01`, `0B00007F:A3D1 ${NOBODY} 0A`);
    assert.deepEqual(readListeners(text), []);
    assert.deepEqual(readListeners("cat: can't open\n\u0000 0: x"), []);
  });
});

describe("a port that stays silent", () => {
  const outer = (port: number): Listener => ({ port, isInner: false });
  const inner = (port: number): Listener => ({ port, isInner: true });
  for (const [what, listeners, code, params] of [
    ["nobody listens", [], "never_answered", { port: 8888, seconds: 120 }],
    ["the app listens for itself alone", [inner(8888)], "answers_inside", { port: 8888 }],
    [
      "it listens elsewhere",
      [outer(8501), inner(9), outer(80)],
      "answers_elsewhere",
      { port: 8888, others: "80, 8501" },
    ],
    ["only helpers listen", [inner(9)], "never_answered", { port: 8888, seconds: 120 }],
    ["it listens, but does not accept", [outer(8888), outer(80)], "never_answered", {}],
  ] as const) {
    it(`is told apart when ${what}`, () => {
      const failure = silentFailure(listeners, 8888, 120);
      assert.equal(failure.code, code);
      assert.deepEqual({ ...failure.params, ...params }, failure.params);
    });
  }
});
