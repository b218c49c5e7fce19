/** The process that `gateway-process.ts` starts: a gateway on a free port, told what to do by its parent. */
import { readdirSync } from "node:fs";
import { createListener } from "#src/entrypoint/listener.ts";
import type { Order, Reply } from "./gateway-process.ts";
import { createWorld } from "./gateway-world.ts";
import { silentLog } from "./silent-log.ts";

const world = await createWorld({ basePath: process.argv[2] ?? "/" });
const listener = createListener({
  gateway: world.gateway,
  bind: "127.0.0.1",
  port: 0,
  log: silentLog,
  drainMs: 200,
});
const { port } = await listener.listen();
const cookies = { alice: await world.signIn("alice"), bob: await world.signIn("bob") };
answer({ port, cookies });

process.on("message", (order: Order) => void carryOut(order));

async function carryOut(order: Order): Promise<void> {
  switch (order.order) {
    case "run":
      world.run(order.name, order.port, order.kind === undefined ? {} : { kind: order.kind });
      answer({});
      return;
    case "stop":
      world.routes.remove(world.user(order.name).id, "");
      answer({});
      return;
    case "sign out":
      await world.sessions.endAll(world.user(order.name).id);
      answer({});
      return;
    case "count":
      answer({
        descriptors: readdirSync("/proc/self/fd").length,
        memoryBytes: process.memoryUsage().rss,
        touches: world.servers.touched.length,
        unreachable: world.servers.unreachableServers.length,
        hubRequests: world.hubRequests.length,
      });
      return;
    case "end":
      await listener.close();
      await world.close();
      process.disconnect();
      return;
  }
}

function answer(reply: Reply): void {
  process.send?.(reply);
}
