/** JupyterLab as a person uses it. */
import type { Page, WebSocket } from "playwright-core";

const LAB_MS = 180_000;

export class NotebookPage {
  readonly #page: Page;
  #sockets: WebSocket[] = [];

  constructor(page: Page) {
    this.#page = page;
    page.on("websocket", (socket) => this.#sockets.push(socket));
    // Of the sockets of a page that was left, the browser does not say that they have closed.
    page.on("request", (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.#sockets = [];
    });
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

  /** Types into the last cell and runs it; Lab goes on to the next one, which it makes when there is none. */
  async run(code: string): Promise<void> {
    const cell = this.#page.locator(".jp-NotebookPanel .jp-Cell").last();
    const focused = cell.locator(".cm-focused");
    for (let tries = 0; tries < 5; tries += 1) {
      await cell.locator(".cm-content").click();
      // A notebook that has just been opened takes the focus back to its first cell.
      await this.#page.waitForTimeout(300);
      if (await focused.isVisible()) break;
    }
    await this.#page.keyboard.insertText(code);
    // Lab may still be moving the focus to a cell that it has just made.
    await cell.locator(".cm-content", { hasText: code.slice(0, 8) }).waitFor();
    const index = (await this.#page.locator(".jp-NotebookPanel .jp-Cell").count()) - 1;
    const written = this.#page.locator(`.jp-NotebookPanel .jp-Cell >> nth=${index}`);
    const prompt = written.locator(".jp-InputPrompt", { hasText: /\[(?:\*|\d+)\]/ });
    for (let tries = 0; tries < 10; tries += 1) {
      await this.#page.keyboard.press("Shift+Enter");
      // Lab forgets a cell that is run while it still connects to the kernel: a person would press again.
      const started = await prompt.waitFor({ timeout: 4000 }).then(
        () => true,
        () => false,
      );
      if (started) return;
      await written.locator(".cm-content").click();
    }
    throw new Error(`the cell does not run: ${code}`);
  }

  async expectOutput(text: string, timeout = 120_000): Promise<void> {
    await this.#page
      .locator(".jp-OutputArea-output", { hasText: text })
      .first()
      .waitFor({ timeout });
  }

  async expectImage(): Promise<void> {
    await this.#page.locator(".jp-OutputArea-output img").first().waitFor();
  }

  /** Saves; the first time Lab asks for a name, which stays as proposed. */
  async save(): Promise<void> {
    const saved = this.#page.locator(".jp-NotebookPanel");
    await saved
      .locator("[data-command='docmanager:save'], jp-button[title^='Save']")
      .first()
      .click();
    const rename = this.#page.locator(".jp-Dialog button", { hasText: "Rename" });
    const dirty = this.#page.locator(".lm-TabBar-tab.jp-mod-dirty");
    const end = Date.now() + LAB_MS;
    while ((await dirty.count()) > 0 || (await rename.isVisible())) {
      if (Date.now() > end) throw new Error("it is not saved");
      await rename.click({ timeout: 500 }).catch(() => undefined);
    }
  }

  /** The kernel's socket that this page has open, as soon as it has one. */
  async kernelSocket(): Promise<WebSocket> {
    for (const end = Date.now() + LAB_MS; ; await this.#page.waitForTimeout(100)) {
      const isOpen = (one: WebSocket) => one.url().includes("/channels") && !one.isClosed();
      const socket = this.#sockets.findLast(isOpen);
      if (socket !== undefined) return socket;
      if (Date.now() > end) throw new Error("no kernel socket is open");
    }
  }
}
