import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OpenConnections } from "#src/entrypoint/open-connections.ts";
import type { Route } from "#src/entrypoint/routing-table.ts";
import { makeId } from "#src/stores/ids.ts";

function route(): Route {
  return {
    userId: makeId<"user">(),
    serverName: "",
    serverId: makeId<"server">(),
    generation: 1,
    upstream: { host: "10.213.0.2", port: 8888 },
    secret: "s",
    kind: "jupyter",
  };
}

describe("OpenConnections", () => {
  const setUp = () => {
    const open = new OpenConnections();
    const closed: string[] = [];
    const add = (name: string, session: ReturnType<typeof makeId<"session">>, to: Route): void => {
      const done = open.add({
        session,
        route: to,
        close: () => {
          closed.push(name);
          done();
          done();
        },
      });
    };
    return { open, closed, add };
  };

  it("closes those of a session, or of a route, and forgets them", () => {
    const { open, closed, add } = setUp();
    const [one, two] = [makeId<"session">(), makeId<"session">()];
    const [here, there] = [route(), route()];
    add("one here", one, here);
    add("one there", one, there);
    add("two here", two, here);
    add("two here again", two, here);
    open.closeSessions(new Set([one, makeId<"session">()]));
    assert.deepEqual(closed, ["one here", "one there"]);
    open.closeRoute(here);
    assert.deepEqual(closed.slice(2), ["two here", "two here again"]);
    assert.equal(open.size, 0);
    open.closeAll();
    assert.equal(closed.length, 4);
  });

  it("closes everything", () => {
    const { open, closed, add } = setUp();
    for (const name of ["a", "b", "c"]) add(name, makeId<"session">(), route());
    assert.equal(open.size, 3);
    open.closeAll();
    assert.deepEqual(closed, ["a", "b", "c"]);
    assert.equal(open.size, 0);
  });
});
