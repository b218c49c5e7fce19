/** The `Authorization` header, as JupyterHub reads it. */

const TOKEN = /^(?:token|bearer)\s+(\S+)$/i;

/** The token in the header of a request, if it has one. */
export function headerToken(header: string | undefined): string | undefined {
  return TOKEN.exec(header ?? "")?.[1];
}
