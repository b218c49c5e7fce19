/** A kernel, its session and files by the library that JupyterLab itself is made with, as a program outside a browser. */
import {
  ContentsManager,
  KernelManager,
  KernelSpecManager,
  ServerConnection,
  SessionManager,
} from "@jupyterlab/services";

const { SERVER, TOKEN } = process.env;
const tell = (...words) => process.stdout.write(`${words.join(" ")}\n`);

// Its default outside a browser sends the token of a WebSocket in the address.
const serverSettings = ServerConnection.makeSettings({
  baseUrl: SERVER,
  wsUrl: SERVER.replace("http", "ws"),
  token: TOKEN,
});
const specs = new KernelSpecManager({ serverSettings });
await specs.ready;
tell("kernels", Object.keys(specs.specs.kernelspecs).join(" "));

const kernelManager = new KernelManager({ serverSettings });
const sessions = new SessionManager({ kernelManager, serverSettings });
await sessions.ready;
const session = await sessions.startNew({
  path: "by-services.ipynb",
  type: "notebook",
  name: "by-services.ipynb",
  kernel: { name: "python3" },
});
const run = session.kernel.requestExecute({ code: "print(6 * 7)" });
run.onIOPub = ({ header, content }) => {
  if (header.msg_type === "stream") tell("printed", content.text.trim());
};
tell("reply", (await run.done).content.status);
await session.kernel.restart();
await session.shutdown();

const contents = new ContentsManager({ serverSettings });
const made = await contents.newUntitled({ type: "notebook" });
await contents.delete(made.path);
tell("made", made.type);
process.exit(0);
