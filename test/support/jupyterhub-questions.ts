/** One question for each operation that JupyterHub describes, and how it is answered when nothing is wrong. */
import type { Part } from "./classrooms.ts";

export type Ask = readonly [ask: string, json?: unknown, as?: Part];

/** By operation of theirs: what is done before, and the request that is answered so. The owner asks unless said. */
export const asked: Readonly<Record<string, { first?: readonly Ask[]; ask: Ask; status: number }>> =
  {
    "GET /": { ask: ["GET /"], status: 200 },
    "GET /info": { ask: ["GET /info"], status: 200 },
    "GET /user": { ask: ["GET /user"], status: 200 },
    "GET /users": {
      first: [["POST /users/sam/server"]],
      ask: ["GET /users?state=ready&sort=-id&offset=0&limit=5&include_stopped_servers"],
      status: 200,
    },
    "POST /users": { ask: ["POST /users", { usernames: ["new1"], admin: false }], status: 201 },
    "GET /users/{name}": {
      first: [["POST /users/sam/server"]],
      ask: ["GET /users/sam"],
      status: 200,
    },
    "POST /users/{name}": { ask: ["POST /users/new1"], status: 201 },
    "DELETE /users/{name}": { ask: ["DELETE /users/sam"], status: 204 },
    "PATCH /users/{name}": {
      ask: ["PATCH /users/sam", { name: "sammy", admin: true }],
      status: 200,
    },
    "POST /users/{name}/activity": {
      first: [["POST /users/sam/server"]],
      ask: [
        "POST /users/sam/activity",
        {
          last_activity: "2026-11-22T09:00:00Z",
          servers: { "": { last_activity: "2026-11-22T09:00:00Z" } },
        },
      ],
      status: 200,
    },
    "POST /users/{name}/server": { ask: ["POST /users/sam/server", {}], status: 201 },
    "DELETE /users/{name}/server": {
      first: [["POST /users/sam/server"]],
      ask: ["DELETE /users/sam/server"],
      status: 204,
    },
    "POST /users/{name}/servers/{server_name}": {
      ask: ["POST /users/sam/servers/lab2", {}],
      status: 201,
    },
    "DELETE /users/{name}/servers/{server_name}": {
      first: [["POST /users/sam/servers/lab2"]],
      ask: ["DELETE /users/sam/servers/lab2", { remove: true }],
      status: 204,
    },
    "GET /users/{name}/tokens": {
      first: [["POST /users/sam/tokens", {}]],
      ask: ["GET /users/sam/tokens"],
      status: 200,
    },
    "POST /users/{name}/tokens": {
      ask: [
        "POST /users/sam/tokens",
        { expires_in: 60, note: "n", roles: [], scopes: ["read:users!user=sam"] },
      ],
      status: 201,
    },
    "GET /users/{name}/tokens/{token_id}": { ask: ["GET /users/sam/tokens/a1"], status: 200 },
    "DELETE /users/{name}/tokens/{token_id}": { ask: ["DELETE /users/sam/tokens/a1"], status: 204 },
    "GET /groups": { ask: ["GET /groups?offset=0&limit=2"], status: 200 },
    "GET /groups/{name}": { ask: ["GET /groups/Class"], status: 200 },
    "POST /groups/{name}": { ask: ["POST /groups/g1"], status: 201 },
    "DELETE /groups/{name}": {
      first: [["POST /groups/g2"]],
      ask: ["DELETE /groups/g2"],
      status: 204,
    },
    "POST /groups/{name}/users": {
      ask: ["POST /groups/Away/users", { users: ["sam"] }],
      status: 200,
    },
    "DELETE /groups/{name}/users": {
      first: [["POST /groups/Away/users", { users: ["sam"] }]],
      ask: ["DELETE /groups/Away/users", { users: ["sam"] }],
      status: 200,
    },
    "PUT /groups/{name}/properties": {
      ask: ["PUT /groups/Class/properties", { any: ["thing"] }],
      status: 200,
    },
    "GET /services": { ask: ["GET /services"], status: 200 },
    "GET /services/{name}": { ask: ["GET /services/culler"], status: 200 },
    "GET /proxy": { ask: ["GET /proxy"], status: 200 },
    "POST /proxy": { ask: ["POST /proxy"], status: 200 },
    "PATCH /proxy": { ask: ["PATCH /proxy", { ip: "127.0.0.1", port: 8001 }], status: 200 },
    "GET /authorizations/token/{token}": { ask: ["GET /authorizations/token/none"], status: 404 },
    "GET /authorizations/cookie/{cookie_name}/{cookie_value}": {
      ask: ["GET /authorizations/cookie/x/y"],
      status: 404,
    },
    "GET /oauth2/authorize": { ask: ["GET /oauth2/authorize?client_id=none"], status: 400 },
    ...sharing(),
    // The last: the hub ends by it.
    "POST /shutdown": { ask: ["POST /shutdown", { proxy: true, servers: false }], status: 202 },
  };

function sharing(): typeof asked {
  // By Tess: who may not open a server cannot share it, an owner neither.
  const start: Ask = ["POST /users/tess/server", {}, "teacher"];
  const share: Ask = [
    "POST /shares/tess/",
    { user: "sam", scopes: ["access:servers!server=tess/"] },
    "teacher",
  ];
  const toGroup: Ask = ["POST /shares/tess/", { group: "Class" }, "teacher"];
  const code: Ask = ["POST /share-codes/tess/", { expires_in: 600 }, "teacher"];
  const shared = { first: [start, share, toGroup, code] };
  return {
    "GET /users/{name}/shared": { ...shared, ask: ["GET /users/sam/shared"], status: 200 },
    "GET /users/{name}/shared/{owner}/{server_name}": {
      ...shared,
      ask: ["GET /users/sam/shared/tess/"],
      status: 200,
    },
    "DELETE /users/{name}/shared/{owner}/{server_name}": {
      ...shared,
      ask: ["DELETE /users/sam/shared/tess/"],
      status: 204,
    },
    "GET /groups/{name}/shared": { ...shared, ask: ["GET /groups/Class/shared"], status: 200 },
    "GET /groups/{name}/shared/{owner}/{server_name}": {
      ...shared,
      ask: ["GET /groups/Class/shared/tess/"],
      status: 200,
    },
    "DELETE /groups/{name}/shared/{owner}/{server_name}": {
      ...shared,
      ask: ["DELETE /groups/Class/shared/tess/"],
      status: 204,
    },
    "GET /shares/{owner}": {
      ...shared,
      ask: ["GET /shares/tess?offset=0&limit=1", undefined, "teacher"],
      status: 200,
    },
    "GET /shares/{owner}/{server_name}": {
      ...shared,
      ask: ["GET /shares/tess/", undefined, "teacher"],
      status: 200,
    },
    "POST /shares/{owner}/{server_name}": { first: [start], ask: share, status: 200 },
    "PATCH /shares/{owner}/{server_name}": {
      ...shared,
      ask: [
        "PATCH /shares/tess/",
        { user: "sam", scopes: ["access:servers!server=tess/"] },
        "teacher",
      ],
      status: 200,
    },
    "DELETE /shares/{owner}/{server_name}": {
      ...shared,
      ask: ["DELETE /shares/tess/", undefined, "teacher"],
      status: 204,
    },
    "GET /share-codes/{owner}": {
      ...shared,
      ask: ["GET /share-codes/tess", undefined, "teacher"],
      status: 200,
    },
    "GET /share-codes/{owner}/{server_name}": {
      ...shared,
      ask: ["GET /share-codes/tess/?offset=0&limit=1", undefined, "teacher"],
      status: 200,
    },
    "POST /share-codes/{owner}/{server_name}": { first: [start], ask: code, status: 200 },
    "DELETE /share-codes/{owner}/{server_name}": {
      ...shared,
      ask: ["DELETE /share-codes/tess/", undefined, "teacher"],
      status: 204,
    },
  };
}
