/** JupyterLab as a person uses it. */
import type { Page, WebSocket } from "playwright-core";

const LAB_MS = 90_000;

export class NotebookPage {
  readonly #page: Page;
  #sockets: WebSocket[] = [];

  constructor(page: Page) {
    this.#page = page;
    page.on("websocket", (socket) => this.#sockets.push(socket));
  }

  async waitForLab(): Promise<void> {
    await this.#page.waitForURL(/\/user\/[^/]+\/lab/, { timeout: LAB_MS });
    await this.#page
      .locator(".jp-Launcher, .jp-NotebookPanel")
      .first()
      .waitFor({ timeout: LAB_MS });
  }

  async newNotebook(): Promise<void> {
    await this.#page.locator(".jp-LauncherCard[data-category=Notebook]").first().click();
    await this.waitForNotebook();
  }

  async waitForNotebook(): Promise<void> {
    await this.#page.locator(".jp-NotebookPanel .jp-Cell").first().waitFor({ timeout: LAB_MS });
    await this.#page
      .locator(
        ".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle], .jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=busy]",
      )
      .first()
      .waitFor({ timeout: LAB_MS, state: "attached" });
  }

  /** Types into the cell that has the focus, runs it, and goes on to the next one. */
  async run(code: string, options: { wait?: boolean } = {}): Promise<void> {
    await this.#page.locator(".jp-NotebookPanel .jp-Cell .cm-content").last().click();
    await this.#page.keyboard.insertText(code);
    await this.#page.keyboard.press("Shift+Enter");
    if (options.wait !== false) await this.#page.waitForTimeout(300);
  }

  /** In the last cell, which may be empty or not: in a new one behind it. */
  async runLast(code: string, options: { wait?: boolean } = {}): Promise<void> {
    const last = this.#page.locator(".jp-NotebookPanel .jp-Cell .cm-content").last();
    await last.click();
    if (((await last.textContent()) ?? "").trim() !== "") {
      await this.#page.keyboard.press("Escape");
      await this.#page.keyboard.press("b");
      await this.#page.keyboard.press("Enter");
    }
    await this.run(code, options);
  }

  async expectOutput(text: string, timeout = 60_000): Promise<void> {
    await this.#page
      .locator(".jp-OutputArea-output", { hasText: text })
      .first()
      .waitFor({ timeout });
  }

  async expectImage(): Promise<void> {
    await this.#page.locator(".jp-OutputArea-output img").first().waitFor({ timeout: 60_000 });
  }

  /** Saves; the first time Lab asks for a name, which stays as proposed. */
  async save(): Promise<void> {
    await this.#page.keyboard.press("Control+s");
    const rename = this.#page.locator(".jp-Dialog button", { hasText: "Rename" });
    await rename.click({ timeout: 3000 }).catch(() => undefined);
    await this.#page.locator(".jp-NotebookPanel").first().waitFor();
    await this.#page
      .locator(".jp-DocumentSearch-overlay, .lm-TabBar-tab.jp-mod-dirty")
      .waitFor({ state: "detached", timeout: 20_000 });
  }

  /** The kernel's socket of this page, when it closes. */
  async kernelSocketClosed(): Promise<void> {
    const open = this.#sockets.filter(
      (socket) => socket.url().includes("/channels") && !socket.isClosed(),
    );
    const [socket] = open;
    if (socket === undefined) throw new Error("no kernel socket is open");
    await socket.waitForEvent("close", { timeout: 15_000 });
  }
}
