/** Lists in pages, as JupyterHub's API gives them. */
import type { HubContext } from "../context.ts";
import { readQuery } from "./schemas/bodies.ts";
import { pageQuery } from "./schemas/pages.ts";

const PAGES_TYPE = "application/jupyterhub-pagination+json";
const DEFAULT_LIMIT = 50;
const MOST = 200;

export interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** Throws `invalid_field`. Numbers beyond all bounds are as good as the bound. */
export function readPage(ctx: HubContext): Page {
  // Without the pages' type a client takes the first page for all there is.
  const usual = takesPages(ctx) ? DEFAULT_LIMIT : MOST;
  const { offset = 0, limit = usual } = readQuery(ctx, pageQuery);
  return { offset, limit: Math.max(1, Math.min(limit, MOST)) };
}

/** Answers with that page of `items`: with its place among them for clients that asked for pages, else bare. */
export function answerPage<Item>(
  ctx: HubContext,
  page: Page,
  items: readonly Item[],
  model: (item: Item) => unknown,
): void {
  const shown = items.slice(page.offset, page.offset + page.limit).map(model);
  ctx.body = takesPages(ctx)
    ? { items: shown, _pagination: pagination(ctx, page, items.length) }
    : shown;
}

/** As {@link answerPage}, with their place among all of them for whoever asks. */
export function answerItems(ctx: HubContext, models: readonly unknown[]): void {
  const page = readPage(ctx);
  ctx.body = {
    items: models.slice(page.offset, page.offset + page.limit),
    _pagination: pagination(ctx, page, models.length),
  };
}

/** Also for what is no list in JSON: `{"items": {…}, "_pagination": …}`. */
export function pagination(ctx: HubContext, { offset, limit }: Page, total: number) {
  const next = offset + limit;
  return {
    offset,
    limit,
    total,
    next: next < total ? { offset: next, limit, url: urlOf(ctx, { offset: next, limit }) } : null,
  };
}

export function takesPages(ctx: HubContext): boolean {
  return ctx
    .get("accept")
    .split(",")
    .some((type) => type.split(";", 1)[0]?.trim().toLowerCase() === PAGES_TYPE);
}

/** As the client wrote the address, with everything else that it asked for. */
function urlOf(ctx: HubContext, { offset, limit }: Page): string {
  const query = new URLSearchParams(ctx.querystring);
  query.set("offset", String(offset));
  query.set("limit", String(limit));
  return `${ctx.state.request.origin}${ctx.path}?${query.toString()}`;
}
