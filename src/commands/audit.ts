/** `audit`: who did what. */
import * as v from "valibot";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type { AuditRecord, UserId } from "#src/stores/records.ts";
import type { AuditCommand } from "./command.ts";
import { readBody } from "./control-client.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";
import type { HubAccess } from "./hub-access.ts";
import { formatTable } from "./table.ts";

const text = v.nullable(v.string());
const record = v.looseObject({
  at: v.string(),
  action: v.string(),
  actor: v.string(),
  actor_name: v.string(),
  subject: text,
  subject_name: text,
  address: text,
  request: text,
  detail: v.nullable(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});
export type AuditLine = v.InferOutput<typeof record>;
const records = v.object({ records: v.array(record) });

const USUAL_LIMIT = 50;
/** The most that the hub gives out at once. */
const MOST = 1000;
const WHOLE_TIMEOUT_MS = 300_000;

export async function readAudit(
  { about, limit }: { readonly about?: string; readonly limit: number },
  hub: HubAccess,
): Promise<readonly AuditLine[]> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (about !== undefined) query.set("about", about);
  return readBody(records, await hub.request("GET", `api/audit?${query.toString()}`)).records;
}

export async function runAudit(
  command: AuditCommand,
  host: Host,
  hub: HubAccess,
): Promise<ExitCode> {
  const { about, form } = command;
  if (form === "csv" && about === undefined && command.limit === undefined) {
    // Everything, in one file; that it was taken out is a line of the audit.
    host.out((await hub.request("GET", "admin/audit.csv", { timeoutMs: WHOLE_TIMEOUT_MS })).text);
    return exitCodes.done;
  }
  const limit = command.limit ?? (form === "csv" ? MOST : USUAL_LIMIT);
  const lines = await readAudit({ ...(about === undefined ? {} : { about }), limit }, hub);
  switch (form) {
    case "json":
      host.out(`${JSON.stringify(lines, undefined, 2)}\n`);
      break;
    case "csv": {
      const { auditCsv } = await import("#src/services/audit/audit-csv.ts");
      for await (const piece of auditCsv(recordsOf(lines))) host.out(piece);
      break;
    }
    case "table":
      host.out(auditTable(lines));
  }
  if (lines.length >= Math.min(limit, MOST)) {
    host.err(`These are the newest ${lines.length} lines; there may be older ones.\n`);
  }
  return exitCodes.done;
}

export function auditTable(lines: readonly AuditLine[]): string {
  const header = ["TIME (UTC)", "WHAT", "BY", "ABOUT", "FROM", "MORE"];
  const rows = lines.map((line) => [
    line.at.slice(0, 19).replace("T", " "),
    line.action,
    who(line.actor_name),
    line.subject_name === null ? "" : who(line.subject_name),
    line.address ?? "",
    Object.entries(line.detail ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ]);
  return formatTable([header, ...rows]);
}

/** The name is taken out of the audit when somebody is erased. */
function who(name: string): string {
  return name === "" ? "(erased)" : name;
}

async function* recordsOf(lines: readonly AuditLine[]): AsyncGenerator<AuditRecord> {
  for (const line of lines) {
    yield {
      at: line.at,
      // As the hub wrote them: they are only printed.
      action: line.action as AuditAction,
      actor: line.actor as AuditRecord["actor"],
      actorName: line.actor_name,
      ...(line.subject === null ? {} : { subject: line.subject as UserId }),
      ...(line.subject_name === null ? {} : { subjectName: line.subject_name }),
      ...(line.address === null ? {} : { address: line.address }),
      ...(line.request === null ? {} : { request: line.request }),
      ...(line.detail === null ? {} : { detail: line.detail }),
    };
  }
}
