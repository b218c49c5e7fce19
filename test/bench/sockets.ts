/** From the answer to what ends a person's sessions until the last of their WebSockets is closed. */
import { once } from "node:events";
import WebSocket from "ws";
import type { HttpClient } from "#test/support/http-client.ts";
import { ProcessBox } from "#test/support/process-box.ts";
import { median, report } from "./figures.ts";

const SOCKETS = 200;
const OTHERS = 20;

/** The stub makes a process for each connection. */
const env = { HOMEROOM_PIDS: "600", HOMEROOM_MEMORY: "2g" };

export async function benchSockets(rounds: number): Promise<void> {
  await using box = await ProcessBox.start({ env });
  const jose = await box.addPerson("jose");
  await box.openNotebook(jose, "jose");
  const others = await openSockets(box, jose, "jose", OTHERS);
  const actions: Readonly<Record<string, (name: string, client: HttpClient) => Promise<unknown>>> =
    {
      reset: (name) => box.console("POST", `accounts/${name}/reset`),
      lock: (name) => box.console("PATCH", `accounts/${name}`, { disabled: true }),
      removal: (name) => box.console("DELETE", `accounts/${name}`),
      "role change": (name) => box.console("PATCH", `accounts/${name}`, { role: "teacher" }),
      "sign-out everywhere": (_name, client) => client.post("/hub/account/sign-out-everywhere"),
      "sign-out": (_name, client) => client.post("/hub/logout"),
    };
  for (const [what, act] of Object.entries(actions)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await endOnce(box, act));
    const name = `${what} with ${SOCKETS} WebSockets: answer to last close`;
    report(`${name}, median`, median(times), "ms");
    report(`${name}, most of ${rounds}`, Math.max(...times), "ms", "≤ 1000");
  }
  const left = others.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  report("WebSockets of somebody else that stayed open", left, "", `${OTHERS}`);
  for (const socket of others) socket.terminate();
}

let people = 0;

async function endOnce(
  box: ProcessBox,
  act: (name: string, client: HttpClient) => Promise<unknown>,
): Promise<number> {
  people += 1;
  const name = `maria${people}`;
  const client = await box.addPerson(name);
  await box.openNotebook(client, name);
  await client.get("/hub/account");
  const sockets = await openSockets(box, client, name, SOCKETS);
  let last = 0;
  const closed = sockets.map(async (socket) => {
    await once(socket, "close");
    last = performance.now();
  });
  await act(name, client);
  const answered = performance.now();
  await Promise.all(closed);
  await box.console("DELETE", `accounts/${name}`);
  // Below zero: the last was closed before the answer came.
  return Math.max(0, last - answered);
}

async function openSockets(
  box: ProcessBox,
  client: HttpClient,
  name: string,
  count: number,
): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let opened = 0; opened < count; opened += 20) {
    const more = Array.from({ length: Math.min(20, count - opened) }, () =>
      client.webSocket(`/user/${name}/api/kernels/x/channels`, { origin: box.hub.origin }),
    );
    await Promise.all(more.map((socket) => once(socket, "open")));
    for (const socket of more) socket.on("error", () => undefined);
    sockets.push(...more);
  }
  return sockets;
}
