/** From the command line to an exit code. Nothing of the hub itself is loaded before it is needed. */
import { readFile } from "node:fs/promises";
import { splitArguments } from "#src/config/command-line.ts";
import { loadConfig } from "#src/config/load.ts";
import type { Config } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { Check } from "#src/services/box/findings.ts";
import type { Spawner } from "#src/spawners/spawner.ts";
import { parseCommand } from "./arguments.ts";
import { type Command, commandFlags, type HelpTopic, helpTopics } from "./command.ts";
import { CommandError, ControlClient } from "./control-client.ts";
import type { HubAccess } from "./hub-access.ts";
import { failureWords } from "./failure-words.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import { usageOf } from "./usage.ts";

/** Parts of the hub that a command opens in its own process when no hub runs. What they warn of is said. */
export interface Openers {
  hub(config: Config, say: Say): Promise<AsyncDisposable>;
  spawner(config: Config, say: Say): Promise<Spawner>;
  /** What can be looked at when the database cannot be opened. */
  checks(config: Config, say: Say): Promise<readonly Check[]>;
}
type Say = Host["err"];

export async function run(host: Host, openers: Openers = ownOpeners): Promise<ExitCode> {
  const { rest, problems } = splitArguments(host.argv, commandFlags);
  const command = parseCommand(rest);
  const wrong = [...problems, ...("problem" in command ? [command.problem] : [])];
  if ("problem" in command || wrong.length > 0) {
    host.err(
      `${wrong.map((line) => `homeroom: ${line}\n`).join("")}\n${usageOf(topicOf(rest[0]))}`,
    );
    return exitCodes.usage;
  }
  if (command.command === "help") {
    host.out(usageOf(command.topic));
    return exitCodes.done;
  }
  if (command.command === "version") {
    const { HOMEROOM_VERSION } = await import("#src/version.ts");
    host.out(`${HOMEROOM_VERSION}\n`);
    return exitCodes.done;
  }
  const loaded = await loadConfig({
    argv: host.argv,
    env: host.env,
    readFile: (path) => readFile(path, "utf8"),
    commandFlags,
  });
  if (!loaded.ok) {
    host.err(loaded.problems.map((line) => `${line}\n`).join(""));
    // A health check knows no other code than 0 and 1.
    return command.command === "health" ? exitCodes.failed : exitCodes.usage;
  }
  try {
    return await runWithConfig(command, loaded.config, host, openers);
  } catch (error) {
    if (error instanceof HubError || error instanceof CommandError) {
      host.err(`homeroom: ${failureWords(error)}\n`);
      return exitCodes.failed;
    }
    throw error;
  }
}

async function runWithConfig(
  command: Exclude<Command, { command: "help" | "version" }>,
  config: Config,
  host: Host,
  openers: Openers,
): Promise<ExitCode> {
  const client = new ControlClient(config);
  switch (command.command) {
    case "serve": {
      const { serve } = await import("./serve.ts");
      return serve(config, host);
    }
    case "check-config":
      // The whole program: the image fills its compile cache with this.
      await Promise.all([import("#src/hub.ts"), import("./serve.ts"), ...commandModules()]);
      host.out("The configuration is fine.\n");
      return exitCodes.done;
    case "health": {
      const { runHealth } = await import("./status.ts");
      return runHealth(host, client);
    }
    case "status": {
      const { runStatus } = await import("./status.ts");
      return runStatus(command, host, client);
    }
    case "stop-notebooks": {
      const { runStopNotebooks } = await import("./stop-notebooks.ts");
      return runStopNotebooks(host, client, () => openers.spawner(config, host.err));
    }
    default: {
      const { HubAccess } = await import("./hub-access.ts");
      await using hub = new HubAccess({ client, openHub: () => openers.hub(config, host.err) });
      return await runWithHub(command, host, hub, () => openers.checks(config, host.err));
    }
  }
}

type HubCommand = Exclude<
  Command,
  {
    command: "help" | "version" | "serve" | "check-config" | "health" | "status" | "stop-notebooks";
  }
>;

/** These are answered by the hub that runs, or by one that is opened for them. */
async function runWithHub(
  command: HubCommand,
  host: Host,
  hub: HubAccess,
  withoutDatabase: () => Promise<readonly Check[]>,
): Promise<ExitCode> {
  switch (command.command) {
    case "setup-code": {
      const { runSetupCode } = await import("./status.ts");
      return runSetupCode(host, hub);
    }
    case "doctor": {
      const { runDoctor } = await import("./doctor.ts");
      return runDoctor(command, host, { hub, withoutDatabase });
    }
    case "reset-owner": {
      const { runResetOwner } = await import("./reset-owner.ts");
      return runResetOwner(command, host, hub);
    }
    case "token": {
      const { runToken } = await import("./token.ts");
      return runToken(command, host, hub);
    }
    case "audit": {
      const { runAudit } = await import("./audit.ts");
      return runAudit(command, host, hub);
    }
    case "import jupyterhub":
    case "import homes":
    case "import home": {
      const { runImport } = await import("./import.ts");
      return runImport(command, host, hub);
    }
    case "sign-up": {
      const { runSignUp } = await import("./sign-up.ts");
      return runSignUp(command, host, hub);
    }
    default: {
      const { runUserCommand } = await import("./user.ts");
      return runUserCommand(command, host, hub);
    }
  }
}

function topicOf(word: string | undefined): "all" | HelpTopic {
  return helpTopics.find((topic) => topic === word) ?? "all";
}

function commandModules(): readonly Promise<unknown>[] {
  return [
    import("./audit.ts"),
    import("./doctor.ts"),
    import("./hub-access.ts"),
    import("./import.ts"),
    import("./reset-owner.ts"),
    import("./sign-up.ts"),
    import("./status.ts"),
    import("./stop-notebooks.ts"),
    import("./token.ts"),
    import("./user.ts"),
  ];
}

/** Warnings go to standard error: standard output has what was asked for. */
async function openParts(config: Config, say: Say) {
  const [{ createPlainLog }, { loadSecrets }] = await Promise.all([
    import("#src/log.ts"),
    import("#src/config/secrets.ts"),
  ]);
  const log = createPlainLog(say);
  return { log, secrets: await loadSecrets(config.dataDir, { log }) };
}

const ownOpeners: Openers = {
  async hub(config, say) {
    const { createHub } = await import("#src/hub.ts");
    return createHub({ config, ...(await openParts(config, say)), only: "people" });
  },
  async spawner(config, say) {
    const { createSpawner } = await import("#src/spawners/create.ts");
    const { log, secrets } = await openParts(config, say);
    const { instanceId } = secrets;
    return createSpawner({ config: config.spawner, instanceId, log }).spawner;
  },
  async checks(config, say) {
    const [{ createPlainLog }, { checkWithoutDatabase }] = await Promise.all([
      import("#src/log.ts"),
      import("./box-without-database.ts"),
    ]);
    return checkWithoutDatabase(config, createPlainLog(say));
  },
};
