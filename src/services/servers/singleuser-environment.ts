/** What `jupyterhub-singleuser` finds in its environment, in JupyterHub's names. */
import type { ServerRecord, UserRecord } from "#src/stores/records.ts";

interface SingleuserInput {
  readonly user: UserRecord;
  readonly server: ServerRecord;
  readonly basePath: string;
  /** `{B}user/<name>/[<server>/]` */
  readonly baseUrl: string;
  readonly port: number;
  readonly image: string;
  /** Its own, for the hub. */
  readonly token: string;
}

/** Also the name of the cookie in which it keeps who visits. */
export function clientIdOf(user: UserRecord, serverName: string): string {
  const server = serverName === "" ? "" : `-${encodeURIComponent(serverName)}`;
  return `jupyterhub-user-${encodeURIComponent(user.name)}${server}`;
}

export function callbackOf(baseUrl: string): string {
  return `${baseUrl}oauth_callback`;
}

export function singleuserEnvironment(input: SingleuserInput): Record<string, string> {
  const { user, server, basePath, baseUrl, port } = input;
  // The driver knows where the hub is.
  const api = `http://{hub}${basePath}hub/api`;
  const scopes = JSON.stringify([
    `access:servers!server=${user.name}/${server.name}`,
    `access:servers!user=${user.name}`,
  ]);
  return {
    JUPYTERHUB_API_TOKEN: input.token,
    JUPYTERHUB_CLIENT_ID: clientIdOf(user, server.name),
    JUPYTERHUB_API_URL: api,
    JUPYTERHUB_ACTIVITY_URL: `${api}/users/${encodeURIComponent(user.name)}/activity`,
    JUPYTERHUB_SERVICE_URL: `http://0.0.0.0:${port}${baseUrl}`,
    JUPYTERHUB_OAUTH_CALLBACK_URL: callbackOf(baseUrl),
    JUPYTERHUB_OAUTH_SCOPES: scopes,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: scopes,
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: "[]",
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: "0",
    // There are no subdomains.
    JUPYTERHUB_PUBLIC_URL: "",
    JUPYTERHUB_PUBLIC_HUB_URL: "",
    JUPYTER_IMAGE_SPEC: input.image,
    JUPYTER_IMAGE: input.image,
  };
}
