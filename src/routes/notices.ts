import type { HubContext } from "./context.ts";

/** What a form left to be said on the page that it led to: `?notice=…`, if it is one that the page knows. */
export function noticeOf<Notice extends string>(
  ctx: HubContext,
  known: readonly Notice[],
): { readonly notice?: Notice } {
  const notice = known.find((each) => each === ctx.query["notice"]);
  return notice === undefined ? {} : { notice };
}
