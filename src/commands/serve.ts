/** `serve`: the hub itself, until the process is asked to end. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "#src/config/schema.ts";
import { loadSecrets } from "#src/config/secrets.ts";
import type { Hub } from "#src/hub.ts";
import { createLog, type Logger } from "#src/log.ts";
import { restoredNotice } from "#src/stores/restored.ts";
import { failureWords } from "./failure-words.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";

/** The engine ends it after half a minute. A slow disk takes seconds for each of the last things that are written. */
const CLOSE_MS = 25_000;

export async function serve(config: Config, host: Host): Promise<ExitCode> {
  const log = createLog(config.log.level);
  host.onBug((error) => log.fatal({ err: error }, "an error that nobody caught ends the hub"));
  const asked = new AbortController();
  const stop = AbortSignal.any([host.stopRequested(), asked.signal]);
  let hub: Hub;
  try {
    hub = await openHub(config, log, () => asked.abort());
  } catch (error) {
    log.fatal({ err: error }, "the hub could not start");
    host.err(`homeroom: ${failureWords(error)}\n`);
    return exitCodes.failed;
  }
  log.info({ url: hub.url }, "the hub answers");
  host.out(welcome(hub, config));
  host.err(restoredWords(hub));
  if (!stop.aborted) {
    await once(stop, "abort");
  }
  log.info("the hub ends");
  return (await close(hub, log)) ? exitCodes.done : exitCodes.failed;
}

async function openHub(config: Config, log: Logger, onShutdown: () => void): Promise<Hub> {
  const { createHub } = await import("#src/hub.ts");
  const secrets = await loadSecrets(config.dataDir, { log });
  return createHub({ config, secrets, log, onShutdown });
}

async function close(hub: Hub, log: Logger): Promise<boolean> {
  const closing = hub[Symbol.asyncDispose]().then(
    () => true,
    (error: unknown) => {
      log.error({ err: error }, "the hub did not end well");
      return false;
    },
  );
  const late = sleep(CLOSE_MS, undefined, { ref: false }).then(() => {
    log.warn({ seconds: CLOSE_MS / 1000 }, "the hub takes too long to end, and is left");
    return false;
  });
  return Promise.race([closing, late]);
}

/** Loud, for whoever starts the box is the one who can tell the others. */
function restoredWords({ restored }: Hub): string {
  return restored === undefined ? "" : `homeroom: ${failureWords(restoredNotice(restored))}\n`;
}

/** While there is no owner: where to go, and the code that is asked for there. */
function welcome(hub: Hub, config: Config): string {
  if (hub.setupCode === undefined) {
    return "";
  }
  const line = "─".repeat(60);
  return `
${line}
  Homeroom is ready:  ${addressOf(hub, config)}
  Make the first account there, with this set-up code:

      ${hub.setupCode}
${line}

`;
}

function addressOf(hub: Hub, { basePath, listen }: Config): string {
  if (listen.publicUrl !== undefined) {
    return new URL(basePath, listen.publicUrl).href;
  }
  // In its container the hub does not know the address that the box has outside.
  return listen.bind === "default-route"
    ? `http://<this machine>:<published port>${basePath}`
    : (hub.url ?? basePath);
}
