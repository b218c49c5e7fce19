/**
 * Runs in a container as a stand-in for the hub: the Docker driver, told what to do by lines of JSON, and a port on
 * the address of the default route, as the hub has one.
 */
import http from "node:http";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { configSchema } from "#src/config/schema.ts";
import { bindAddress } from "#src/entrypoint/bind-address.ts";
import { createSpawner } from "#src/spawners/create.ts";
import type { ServerSpec } from "#src/spawners/spawner.ts";
import { isId } from "#src/stores/ids.ts";
import type { ServerId } from "#src/stores/records.ts";
import { silentLog } from "./silent-log.ts";

export interface ContainedHubSettings {
  readonly spawner: Readonly<Record<string, unknown>>;
  readonly instanceId: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type ContainedHubCall =
  | { readonly call: "start"; readonly spec: ServerSpec }
  | { readonly call: "stop"; readonly serverId: ServerId }
  | { readonly call: "list" }
  /** The status of an answer to a request from here. */
  | { readonly call: "fetch"; readonly url: string; readonly secret: string };

async function main(): Promise<void> {
  // Written by this file's other half, contained-hub-client.ts.
  const settings = JSON.parse(process.env["CONTAINED_HUB"] ?? "") as ContainedHubSettings;
  if (!isId<"instance">(settings.instanceId)) throw new TypeError("no instance id");
  const { spawner } = createSpawner({
    config: v.parse(configSchema, { spawner: settings.spawner }).spawner,
    instanceId: settings.instanceId,
    log: silentLog,
    labels: settings.labels,
  });
  const signal = () => AbortSignal.timeout(60_000);
  const address = await bindAddress("default-route");
  const server = http.createServer((_request, response) => response.end(settings.instanceId));
  server.listen(8000, address);

  async function answer(call: ContainedHubCall): Promise<unknown> {
    switch (call.call) {
      case "start": {
        let upstream: unknown;
        for await (const step of spawner.start(call.spec, signal())) {
          if (step.step === "answering") upstream = step.upstream;
        }
        return upstream;
      }
      case "stop":
        return spawner.stop(call.serverId, signal());
      case "list":
        return spawner.list(signal());
      case "fetch": {
        const headers = { authorization: `token ${call.secret}` };
        return (await fetch(call.url, { headers, signal: AbortSignal.timeout(30_000) })).status;
      }
    }
  }

  process.stdout.write(`${JSON.stringify({ address })}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const result = await answer(JSON.parse(line) as ContainedHubCall);
      process.stdout.write(`${JSON.stringify({ result })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
    }
  }
  server.close();
  await spawner[Symbol.asyncDispose]();
}

await main();
