/**
 * The `Cookie` header as the browser sent it: every pair, in order, repeated names included. What opens
 * sessions is read by session/cookies.ts, which is stricter.
 */
interface CookiePair {
  readonly name: string;
  readonly value: string;
  /** The pair as it came. */
  readonly text: string;
}

export function cookiePairs(header: string | undefined): CookiePair[] {
  if (header === undefined || header === "") return [];
  return header.split(";").flatMap((part) => {
    const text = part.trim();
    const equals = text.indexOf("=");
    if (equals < 1) return [];
    return [{ name: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim(), text }];
  });
}
