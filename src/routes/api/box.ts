/** The box itself, for `./homeroom up`, `status`, `doctor` and `reset-owner`. */
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import type { Check } from "#src/services/box/findings.ts";
import type { OwnerReset } from "#src/services/box/owner-reset.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { SetupCode } from "#src/services/accounts/setup-code.ts";
import { HOMEROOM_VERSION } from "#src/version.ts";
import type { HubContext } from "../context.ts";
import { readJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import type { Paths } from "../paths.ts";
import { readQuery } from "./schemas/bodies.ts";
import { type BoxModel, type CheckModel, checksQuery, whichOwnerBody } from "./schemas/box.ts";

interface BoxParts {
  readonly checks: BoxChecks;
  readonly ownerReset: OwnerReset;
  readonly servers: Servers;
  readonly setupCode: SetupCode;
  readonly paths: Paths;
}

export function boxApi(parts: BoxParts) {
  const { checks, ownerReset, servers, setupCode, paths } = parts;

  async function show(ctx: HubContext): Promise<void> {
    ctx.body = {
      version: HOMEROOM_VERSION,
      setup_code: (await setupCode.current()) ?? null,
      base_path: paths.base,
      running: servers.running().length,
      trouble: servers.trouble() ?? null,
      /** What is wrong with the box, worst first, as far as it is known without looking. */
      health: checks.glance().map(checkModel),
    } satisfies BoxModel;
  }

  /** `?anew=1`: not what was found some seconds ago. */
  async function runChecks(ctx: HubContext): Promise<void> {
    const found = await checks.run({ anew: readQuery(ctx, checksQuery).anew !== undefined });
    ctx.body = { checks: found.map(checkModel) };
  }

  async function resetOwner(ctx: HubContext): Promise<void> {
    const { name } = await readJson(ctx, whichOwnerBody);
    const reset = await ownerReset.reset(name, actorIn(ctx));
    ctx.body = {
      name: reset.user.name,
      first_password: reset.firstPassword,
      was_locked: reset.wasLocked,
      was_made_owner: reset.wasMadeOwner,
    };
  }

  return { show, runChecks, resetOwner };
}

function checkModel({ name, status, text, advice, code }: Check): CheckModel {
  return { name, status, text, ...(advice === undefined ? {} : { advice }), code };
}
