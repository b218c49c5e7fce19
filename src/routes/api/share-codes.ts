/** Codes that whoever has them exchanges for a share, in JupyterHub's shapes and words. */
import type { Config } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { ShareCodes } from "#src/services/shares/share-codes.ts";
import { serverOf } from "#src/services/shares/shared-access.ts";
import type { ShareCodeRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { withQuery } from "../next-url.ts";
import { answerItems } from "./pagination.ts";
import { readBody, readQuery } from "./schemas/bodies.ts";
import { codeQuery, shareCodeBody } from "./schemas/shares.ts";
import { codeModel, readShareScopes } from "./share-models.ts";
import {
  assertHolds,
  askedServer,
  mayHere,
  ownerOfAny,
  type SharesApiParts,
  shareWords,
} from "./shares.ts";

interface CodesParts extends SharesApiParts {
  readonly shareCodes: ShareCodes;
  readonly config: Pick<Config, "listen">;
}

export function shareCodesApi(parts: CodesParts) {
  const { shareCodes, paths } = parts;

  function listAll(ctx: HubContext): void {
    const owner = ownerOfAny(ctx, "read:shares", parts);
    const mayRead = (code: ShareCodeRecord): boolean => {
      const server = serverOf(parts.store, code);
      return mayHere(ctx, "read:shares", { owner, name: server?.name ?? "" }, parts);
    };
    answer(ctx, shareCodes.of(owner).filter(mayRead));
  }

  function list(ctx: HubContext): void {
    const { owner, name } = askedServer(ctx, "read:shares", parts);
    answer(ctx, shareCodes.of(owner, name));
  }

  async function make(ctx: HubContext): Promise<void> {
    const server = askedServer(ctx, "shares", parts);
    const body = await readBody(ctx, shareCodeBody, shareWords);
    const scopes = readShareScopes(body.scopes, server);
    assertHolds(ctx, scopes, server, parts);
    const wanted = { scopes, seconds: body.expires_in };
    const { record, code } = await shareCodes.make(server, wanted, actorIn(ctx));
    const acceptUrl = withQuery(paths.acceptShare(), { code });
    const { publicUrl } = parts.config.listen;
    ctx.body = {
      ...codeModel(record, parts),
      code,
      accept_url: acceptUrl,
      full_accept_url: publicUrl === undefined ? null : publicUrl.replace(/\/$/, "") + acceptUrl,
    };
  }

  /** One, by itself or by its id; all of them without either. */
  async function revoke(ctx: HubContext): Promise<void> {
    const { owner, name } = askedServer(ctx, "shares", parts);
    const all = shareCodes.of(owner, name);
    const asked = readQuery(ctx, codeQuery);
    await shareCodes.revoke(chosen(all, asked, shareCodes), actorIn(ctx));
    ctx.status = 204;
  }

  function answer(ctx: HubContext, codes: readonly ShareCodeRecord[]): void {
    answerItems(
      ctx,
      codes.flatMap((code) => codeModel(code, parts) ?? []),
    );
  }

  return { listAll, list, make, revoke };
}

function demandOne(found: readonly ShareCodeRecord[], reason: string): readonly ShareCodeRecord[] {
  if (found.length === 0) throw new HubError("share_code_not_found", { reason });
  return found;
}

function chosen(
  all: readonly ShareCodeRecord[],
  { code, id }: { readonly code?: string | undefined; readonly id?: string | undefined },
  shareCodes: Pick<ShareCodes, "find">,
): readonly ShareCodeRecord[] {
  if (code !== undefined && code !== "") {
    const record = shareCodes.find(code);
    const found = all.filter((each) => each.id === record?.id);
    return demandOne(found, "No matching code found");
  }
  if (id === undefined || id === "") return all;
  const found = all.filter(({ number }) => id === `sc_${number}`);
  return demandOne(found, `No code found matching id=${id.slice(0, 80)}`);
}
