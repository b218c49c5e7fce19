/** The audit as a file. */
import { Readable } from "node:stream";
import { auditCsv } from "#src/services/audit/audit-csv.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Permissions } from "#src/session/identity.ts";
import { mayReadLines } from "../audit-lines.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";

interface AuditParts {
  readonly auditLog: AuditLog;
  readonly accounts: Accounts;
  readonly permissions: Permissions;
}

export function auditPages(parts: AuditParts) {
  /** All that the visitor may read; whoever takes years of it waits for the network, and nobody else does. */
  async function csv(ctx: HubContext): Promise<void> {
    const actor = actorIn(ctx);
    const mayRead = mayReadLines(ctx.state.identity, parts);
    const { at, lines } = await parts.auditLog.export(actor, mayRead);
    ctx.set("content-type", "text/csv; charset=utf-8");
    ctx.set("content-disposition", `attachment; filename="homeroom-audit-${at.slice(0, 10)}.csv"`);
    const body = Readable.from(auditCsv(lines), { objectMode: false });
    // Half a list must not look like a whole one.
    body.on("error", () => ctx.res.destroy());
    ctx.body = body;
  }

  return { csv };
}
