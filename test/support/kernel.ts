/** A Jupyter kernel at the other end of a WebSocket. */
import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import { WebSocket } from "ws";

const RUN_MS = 180_000;

interface Message {
  readonly header: { readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: {
    readonly text?: string;
    readonly data?: Readonly<Record<string, string>>;
    readonly traceback?: readonly string[];
    readonly execution_state?: string;
  };
}

export class Kernel implements Disposable {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string, secret: string): Promise<Kernel> {
    const socket = new WebSocket(url, { headers: { authorization: `token ${secret}` } });
    await once(socket, "open");
    return new Kernel(socket);
  }

  /** With a socket that is open already. */
  static over(socket: WebSocket): Kernel {
    return new Kernel(socket);
  }

  /** Gives back at once the id that answers will carry. */
  send(code: string): string {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: "execute_request",
      version: "5.3",
      username: "",
      session: id,
    };
    const content = { code, silent: false, store_history: false, allow_stdin: false };
    const message = { header, content, channel: "shell", parent_header: {}, metadata: {} };
    this.#socket.send(JSON.stringify(message));
    return id;
  }

  /** Text that was printed, and data of results and pictures by their type. Throws what the code throws. */
  async run(code: string): Promise<{ text: string; data: Record<string, string> }> {
    const frames = on(this.#socket, "message", { signal: AbortSignal.timeout(RUN_MS) });
    const id = this.send(code);
    let text = "";
    let data: Record<string, string> = {};
    for await (const [frame] of frames) {
      // What a kernel says has this form; the test fails otherwise.
      const { parent_header: parent, content } = JSON.parse(String(frame)) as Message;
      if (parent.msg_id !== id) continue;
      if (content.traceback !== undefined) throw new Error(content.traceback.join("\n"));
      if (content.execution_state === "idle") break;
      text += content.text ?? "";
      data = { ...data, ...content.data };
    }
    return { text, data };
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
