/** The visitor's own API tokens. A new one is shown on the page that follows, once. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { TokenRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { TokenLife, TokenMaker } from "#src/views/account-pages.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import { scopeLines } from "#src/views/scope-lines.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import type { Paths } from "../paths.ts";

interface TokensPageParts {
  readonly tokens: Tokens;
  readonly accounts: Pick<Accounts, "byId">;
  readonly permissions: Permissions;
  readonly newTokens: OneTimeNotes<NewToken>;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export interface NewToken {
  readonly token: string;
  readonly note: string;
}

const DAY_SECONDS = 86_400;
const secondsOf: Readonly<Record<TokenLife, number | undefined>> = {
  hour: 3600,
  day: DAY_SECONDS,
  week: 7 * DAY_SECONDS,
  month: 30 * DAY_SECONDS,
  year: 365 * DAY_SECONDS,
  never: undefined,
};
const lives = Object.keys(secondsOf).filter(isLife);
const USUAL_LIFE: TokenLife = "month";

export function tokensPages(parts: TokensPageParts) {
  const { tokens, paths, newTokens } = parts;

  function show(ctx: HubContext): void {
    const { session } = visitorOf(ctx);
    const fresh = newTokens.take(session.id, String(ctx.query["new"] ?? ""));
    render(ctx, { note: "", life: USUAL_LIFE, ...(fresh === undefined ? {} : { fresh }) });
  }

  async function create(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    const form = await readForm(ctx);
    const [note, life] = [field(form, "note"), field(form, "life")];
    if (!isLife(life)) throw new HubError("bad_request");
    const seconds = secondsOf[life];
    try {
      const limit = seconds === undefined ? {} : { expiresInSeconds: seconds };
      const wanted = { owner: user, note, scopes: ["inherit"], ...limit };
      const made = await tokens.create(wanted, actorIn(ctx));
      const fresh = { token: made.token, note: made.record.note };
      ctx.redirect(`${paths.tokens}?new=${newTokens.leave(session.id, fresh)}`);
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== "tokens_full") throw error;
      ctx.status = error.status;
      render(ctx, { note: note.slice(0, 200), life, problem: error.toData() });
    }
  }

  /** One of the visitor's own; that it is over already, or was never theirs, changes nothing. */
  async function revoke(ctx: HubContext): Promise<void> {
    const { user } = visitorOf(ctx);
    const id = ctx.params["token"] ?? "";
    const token = tokens.ofUser(user.id).find(({ number }) => `a${number}` === id);
    if (token === undefined) return ctx.redirect(paths.tokens);
    await tokens.revoke(token, actorIn(ctx));
    ctx.redirect(`${paths.tokens}?revoked=1`);
  }

  function render(
    ctx: HubContext,
    more: Pick<Pages["tokens"], "note" | "life" | "fresh" | "problem">,
  ): void {
    const { user } = visitorOf(ctx);
    const model: Pages["tokens"] = {
      action: paths.tokens,
      accountUrl: paths.account,
      lives,
      revoked: ctx.query["revoked"] === "1",
      // The newest first: that is the one just made.
      tokens: ownTokens(tokens, user)
        .toReversed()
        .map((token) => rowOf(token, user.name, parts)),
      ...more,
    };
    ctx.type = "html";
    ctx.body = parts.views.page("tokens", model, parts.frames.of(ctx, "account"));
  }

  return { show, create, revoke };
}

function isLife(text: string): text is TokenLife {
  return Object.hasOwn(secondsOf, text);
}

/** What servers have of their visitors comes and goes with sign-ins. */
function ownTokens(tokens: Pick<Tokens, "ofUser">, { id }: UserRecord): readonly TokenRecord[] {
  return tokens.ofUser(id).filter(({ client }) => client?.startsWith("server ") !== true);
}

function rowOf(
  token: TokenRecord,
  ownerName: string,
  { accounts, permissions, paths }: TokensPageParts,
): Pages["tokens"]["tokens"][number] {
  const { note, created, expires, lastActivity, scopes, number, madeBy } = token;
  return {
    id: `a${number}`,
    note,
    created,
    ...(expires === undefined ? {} : { expires }),
    ...(lastActivity === undefined ? {} : { lastUsed: lastActivity }),
    ...(scopes.includes("inherit")
      ? {}
      : { scopes: scopeLines(permissions.spokenTexts(scopes), ownerName) }),
    ...(madeBy === undefined ? {} : { madeBy: makerOf(madeBy, accounts) }),
    revokeUrl: paths.revokeToken(`a${number}`),
  };
}

function makerOf(
  id: NonNullable<TokenRecord["madeBy"]>,
  accounts: TokensPageParts["accounts"],
): TokenMaker {
  if (id === "console") return { is: "console" };
  if (id === "service") return { is: "service" };
  // By its form no text is an id of somebody else.
  const user = accounts.byId(id as UserId);
  return user === undefined ? { is: "erased" } : { is: "person", name: user.displayName };
}
