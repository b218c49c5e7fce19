/**
 * Headers that web apps have made up for their own pages. Nobody knows them all, so what is known here are those
 * that mean something to a server: about the connection, what opens doors, and who somebody is said to be.
 */
const PLAIN = /^[a-z][a-z0-9-]{0,63}$/;
const CONNECTION =
  /^(?:connection|content-length|expect|host|http2-settings|keep-alive|te|trailer|transfer-encoding|upgrade|sec-websocket-.*|access-control-.*)$/;
const CREDENTIALS = /^(?:authorization|cookie2?|proxy.*)$/;
/** Set by web servers and services in front; apps believe them. */
const CLAIMS =
  /^(?:forwarded|from|via|script-name|path-info|request-uri|user|username|email|groups?|auth.*|(?:akamai|cf|cloudfront|fastly|fly|oidc|remote|client|true-client|ssl|tailscale|user|server)-.*)$/;

/** Names that begin with `x-` are judged for all servers alike, `user-agent` and `referer` too. */
export function isOwnOfApp(name: string): boolean {
  if (!PLAIN.test(name) || name.startsWith("x-") || name === "referer") return false;
  return !CONNECTION.test(name) && !CREDENTIALS.test(name) && !CLAIMS.test(name);
}
