/**
 * `doctor`: whether the box is well. The script looks from outside (Docker, Compose, the port) and hands what it
 * found on; the rest is asked of the hub that runs, or of one that is opened for the length of the command.
 */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { DoctorCommand } from "./command.ts";
import { CommandError, readBody } from "./control-client.ts";
import { failureWords } from "./failure-words.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable } from "./table.ts";

const status = v.picklist(["ok", "warning", "bad"]);
const check = v.object({
  name: v.string(),
  status,
  text: v.string(),
  advice: v.optional(v.string()),
});
type FoundCheck = v.InferOutput<typeof check>;
const checks = v.object({ checks: v.array(check) });

/** In the order in which they are told. */
const titles: Readonly<Record<string, string>> = {
  hub: "Homeroom",
  docker: "Docker",
  compose: "Compose",
  port: "Port",
  images: "Images",
  pool: "Networks",
  docker_disk: "Docker's disk",
  data_disk: "Data disk",
  memory: "Memory",
  clock: "Clock",
  database: "Database",
  exports: "Copies",
  secrets: "Secrets",
  owners: "Owners",
};
const marks = { ok: "ok", warning: "!", bad: "bad" } as const;
const badness = { ok: 0, warning: 1, bad: 2 } as const;

export async function runDoctor(
  command: DoctorCommand,
  host: Host,
  parts: {
    readonly hub: HubAccess;
    /** Everything that can be looked at without the database. */
    readonly withoutDatabase: () => Promise<readonly FoundCheck[]>;
  },
): Promise<ExitCode> {
  const outside = command.outside ? readOutside(await host.readInput()) : [];
  const found = merge([...outside, ...(await askHub(parts))]);
  if (command.json) {
    host.out(`${JSON.stringify({ checks: found }, undefined, 2)}\n`);
  } else {
    host.out(formatTable(found.map(rowOf)));
    host.err(`${summary(found)}\n`);
  }
  return found.some((one) => one.status === "bad") ? exitCodes.failed : exitCodes.done;
}

async function askHub({
  hub,
  withoutDatabase,
}: Parameters<typeof runDoctor>[2]): Promise<readonly FoundCheck[]> {
  try {
    return readBody(checks, await hub.request("GET", "api/checks?anew=1")).checks;
  } catch (error) {
    if (!(error instanceof HubError) && !(error instanceof CommandError)) {
      throw error;
    }
    const rest = await withoutDatabase();
    return [whyNot(error), ...rest.map((one) => v.parse(check, one))];
  }
}

/** A hub that could not be opened says why; one that runs and does not answer has something else. */
function whyNot(error: HubError | CommandError): FoundCheck {
  const text = failureWords(error);
  if (error instanceof HubError) {
    return { name: "database", status: "bad", text };
  }
  const advice = "./homeroom logs tells more; ./homeroom up starts it again.";
  return { name: "hub", status: "bad", text: `Homeroom cannot be asked: ${text}.`, advice };
}

/** One check on a line: status, name, text and advice, with tabs between them. What does not fit is left out. */
function readOutside(text: string): readonly FoundCheck[] {
  return text.split("\n").flatMap((line) => {
    const [word, name, found, advice = ""] = line.split("\t");
    const { output, success } = v.safeParse(check, {
      status: word,
      name,
      text: found,
      ...(advice === "" ? {} : { advice }),
    });
    return success ? [output] : [];
  });
}

/** Where both looked at the same, the worse counts; the hub knows more when they agree. */
function merge(found: readonly FoundCheck[]): readonly FoundCheck[] {
  const byName = new Map<string, FoundCheck>();
  for (const one of found) {
    const other = byName.get(one.name);
    if (other === undefined || badness[one.status] >= badness[other.status]) {
      byName.set(one.name, one);
    }
  }
  const order = Object.keys(titles);
  const place = ({ name }: FoundCheck): number =>
    order.includes(name) ? order.indexOf(name) : order.length;
  return [...byName.values()].toSorted((a, b) => place(a) - place(b));
}

function rowOf({ name, status, text, advice }: FoundCheck): readonly string[] {
  const title = titles[name] ?? name;
  return [marks[status], title, advice === undefined ? text : `${text} ${advice}`];
}

function summary(found: readonly FoundCheck[]): string {
  const bad = found.filter(({ status }) => status === "bad").length;
  const warnings = found.filter(({ status }) => status === "warning").length;
  if (bad > 0) {
    return `The box is not well: see ${bad === 1 ? "the line" : `the ${bad} lines`} with “bad”.`;
  }
  return warnings > 0
    ? `The box works. Look at ${warnings === 1 ? "the line" : `the ${warnings} lines`} with “!”.`
    : "The box is well.";
}
