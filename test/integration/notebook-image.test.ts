/** The notebook image, run as the hub runs it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { createDockerRun, type DockerRun, docker } from "#test/support/docker.ts";
import { Notebook, notebookImage, PREFIX, SECRET } from "#test/support/notebook-image.ts";

const BUILD_MS = 900_000;

describe("the notebook image", { timeout: BUILD_MS }, () => {
  let run: DockerRun;
  let image: string;
  let network: string;
  let notebook: Notebook;

  before(async () => {
    image = await notebookImage();
    run = await createDockerRun();
    network = await docker(
      "network",
      "create",
      "--internal",
      "--label",
      run.label,
      run.label.replace("=", "-"),
    );
    notebook = await Notebook.start(run, { image, network });
  });
  after(async () => {
    await run?.[Symbol.asyncDispose]();
  });

  /** What a page tells its scripts. */
  async function pageConfig(path: string): Promise<Record<string, unknown>> {
    const page = await (await notebook.ask(path)).text();
    const [, json] = /id="jupyter-config-data"[^>]*>(.*?)<\/script>/s.exec(page) ?? [];
    return JSON.parse(json ?? "") as Record<string, unknown>;
  }

  describe("answers the hub", () => {
    it("below its own path alone, and leads to Lab", async () => {
      const top = await notebook.ask(PREFIX);
      assert.equal(top.status, 302);
      assert.equal(top.headers.get("location"), `${PREFIX}lab?`);
      assert.equal((await notebook.ask("/lab")).status, 404);
      assert.equal((await notebook.ask("/api")).status, 404);
    });

    it("and nobody who does not bring its secret", async () => {
      for (const path of ["lab", "tree", "api/status", "api/contents", "files/Welcome.ipynb"]) {
        for (const authorization of ["", "token wrong", `Basic ${SECRET}`]) {
          const headers: Record<string, string> = authorization === "" ? {} : { authorization };
          const answer = await fetch(notebook.url(path), { headers, redirect: "manual" });
          assert.equal(answer.status, 403, `${path} with “${authorization}”`);
        }
      }
      assert.equal((await fetch(notebook.url(`lab?token=${SECRET}`))).status, 403);
      const wrong = { authorization: "token wrong" };
      assert.equal((await fetch(notebook.url("api"), { headers: wrong })).status, 403);
      const socket = new WebSocket(notebook.url("api/events/subscribe"), { headers: wrong });
      const [, refusal] = (await once(socket, "unexpected-response")) as [
        unknown,
        { statusCode: number },
      ];
      assert.equal(refusal.statusCode, 403);
    });

    it("with Lab and with Notebook 7, and a form token for its path", async () => {
      for (const path of ["lab", "tree", "notebooks/Welcome.ipynb"]) {
        const page = await notebook.ask(path);
        assert.equal(page.status, 200, path);
        assert.match(
          page.headers.get("set-cookie") ?? "",
          /^_xsrf=.*Path=\/jupyterhub\/user\/maria\//,
        );
      }
    });

    it("without opening itself to pages of other origins", async () => {
      const answer = await notebook.ask("api/me", { headers: { origin: "http://evil.example" } });
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
    });

    it("with the name of who is at the keyboard", async () => {
      const own = (await (await notebook.ask("api/me")).json()) as {
        identity: Record<string, string>;
      };
      assert.equal(own.identity["username"], "maria");
      assert.equal(own.identity["display_name"], "María López");
      assert.equal(own.identity["initials"], "ML");
      const headers = {
        "x-homeroom-user": "ana",
        "x-homeroom-display-name": encodeURIComponent("Ana Ñandú 愛"),
      };
      const visitor = await (await notebook.ask("api/me", { headers })).json();
      const { identity } = visitor as { identity: Record<string, string> };
      assert.equal(identity["username"], "ana");
      assert.equal(identity["display_name"], "Ana Ñandú 愛");
    });

    it("and sends to the hub those who sign out", async () => {
      const answer = await notebook.ask("logout");
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.get("location"), "/jupyterhub/hub/logout");
    });
  });

  describe("has pages", () => {
    it("that name nothing outside and hold no secret", async () => {
      for (const path of ["lab", "tree", "notebooks/Welcome.ipynb", "edit/Welcome.ipynb"]) {
        const page = await (await notebook.ask(path)).text();
        assert.doesNotMatch(page, /https?:\/\//, path);
        assert.ok(!page.includes(SECRET), path);
      }
    });

    it("that know the hub, and of no news, builds or extensions to install", async () => {
      for (const path of ["lab", "tree"]) {
        const config = await pageConfig(path);
        assert.equal(config["hubPrefix"], "/jupyterhub/hub/");
        assert.equal(config["hubUser"], "maria");
        assert.equal(config["token"], "");
        assert.equal(config["buildCheck"], false);
        assert.equal(config["quitButton"], false);
        assert.deepEqual(config["news"], { disabled: true });
        const { can_install: canInstall } = config["extensionManager"] as Record<string, unknown>;
        assert.equal(canInstall, false);
      }
    });

    it("with the way back to the hub, under a name that follows its content", async () => {
      const config = await pageConfig("lab");
      const extensions = config["federated_extensions"] as { name: string; load: string }[];
      const ours = extensions.find(({ name }) => name === "homeroom");
      assert.match(ours?.load ?? "", /^static\/remoteEntry\.[0-9a-f]{16}\.js$/);
      const script = await notebook.ask(`lab/extensions/homeroom/${ours?.load ?? ""}`);
      assert.equal(script.status, 200);
    });

    it("to take home that fetch nothing from outside", async () => {
      const answer = await notebook.ask("nbconvert/html/Welcome.ipynb");
      assert.equal(answer.status, 200);
      const page = await answer.text();
      assert.doesNotMatch(page, /(?:src|href)="https?:/);
      const [, mathjax] = /<script src="([^"]*MathJax.js[^"]*)"/.exec(page) ?? [];
      assert.equal((await notebook.ask(mathjax ?? "/")).status, 200);
      const formats = (await (await notebook.ask("api/nbconvert")).json()) as object;
      assert.deepEqual(Object.keys(formats), [
        "custom",
        "html",
        "markdown",
        "notebook",
        "python",
        "script",
      ]);
    });
  });

  describe("has a kernel", () => {
    it("that computes and draws, with the classroom's libraries", async () => {
      using kernel = await notebook.kernel();
      const power = await kernel.run("2 ** 100");
      assert.equal(power.data["text/plain"], "1267650600228229401496703205376");
      const picture = await kernel.run(`
import matplotlib.pyplot as plt, numpy, pandas, scipy, sympy, ipywidgets
plt.title("日本語 العربية हिन्दी")
plt.plot(numpy.sin(numpy.linspace(0, 6)));`);
      const png = Buffer.from(picture.data["image/png"] ?? "", "base64");
      assert.equal(png.subarray(1, 4).toString(), "PNG");
      assert.equal(picture.text, "", "a warning was printed");
    });

    it("that ends before the server does when memory is short", async () => {
      using kernel = await notebook.kernel();
      const read = `print(open("/proc/self/oom_score_adj").read(), open(f"/proc/{__import__("os").getppid()}/oom_score_adj").read())`;
      const { text } = await kernel.run(read);
      assert.deepEqual(text.trim().split(/\s+/), ["1000", "500"]);
    });

    it("that does not see the secret in its environment, and has no privileges", async () => {
      using kernel = await notebook.kernel();
      const { text } = await kernel.run(`
import os
print("JUPYTER_TOKEN" in os.environ, os.environ["JUPYTERHUB_USER"], os.getuid())
print([line for line in open("/proc/self/status") if line.startswith("CapEff")])`);
      assert.match(text, /^False maria 1000\n\['CapEff:\\t0+\\n'\]/);
    });

    it("that finds at once what the student installs, which the server never sees", async () => {
      using kernel = await notebook.kernel();
      const folder = "/home/jovyan/.local/lib/python3.13/site-packages";
      const install = [
        `cd ${folder}`,
        `echo 'raise ImportError("spoilt")' > tornado.py`,
        "echo 'mine = 1' > six.py",
      ];
      await notebook.shell(install.join(" && "));
      assert.equal((await kernel.run("import six; six.mine")).data["text/plain"], "1");
      const server =
        "/opt/notebook/bin/python -c 'import tornado.web, six; print(six.__version__)'";
      assert.match(await notebook.shell(server), /^1\./);
      await notebook.shell(`rm ${folder}/*.py`);
    });
  });

  it("has a terminal that does not know the secret either, and may be ended for want of memory", async () => {
    const made = await notebook.ask("api/terminals", { method: "POST" });
    const { name } = (await made.json()) as { name: string };
    const headers = { authorization: `token ${SECRET}` };
    const socket = new WebSocket(notebook.url(`terminals/websocket/${name}`), { headers });
    let shown = "";
    socket.on("message", (data: Buffer) => {
      const [kind, text] = JSON.parse(String(data)) as [string, string];
      if (kind === "stdout") shown += text;
    });
    await once(socket, "open");
    const line = `echo "<$(cat /proc/self/oom_score_adj) \${JUPYTER_TOKEN:-none} $(pip --version | cut -c 1-4)>"\r`;
    socket.send(JSON.stringify(["stdin", line]));
    const end = performance.now() + 120_000;
    while (!shown.includes("<1000 none pip >")) {
      assert.ok(performance.now() < end, shown);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    socket.terminate();
  });

  it("starts with a full home, runs code in it, and can make room", async () => {
    const fill = "cd /home/jovyan; touch note.txt; head -c 8m /dev/zero > filled 2>/dev/null";
    const full = await Notebook.start(run, {
      image,
      network,
      more: ["--tmpfs", "/home/jovyan:size=1m,uid=1000,gid=1000,mode=700"],
      command: ["sh", "-c", `${fill}; exec /opt/notebook/bin/python -m homeroom_notebook`],
    });
    assert.equal((await full.ask("lab")).status, 200);
    using kernel = await full.kernel();
    const { data } = await kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);");
    assert.ok(data["image/png"]);
    const file = {
      method: "PUT",
      body: JSON.stringify({ type: "file", format: "text", content: "x".repeat(5000) }),
    };
    const refused = await full.ask("api/contents/note.txt", file);
    assert.equal(refused.status, 500);
    assert.match(await refused.text(), /No space left on device/);
    assert.equal((await full.ask("api/contents/filled", { method: "DELETE" })).status, 204);
    assert.ok((await full.ask("api/contents/note.txt", file)).ok);
  });

  it("leaves nothing of root's in the home, and a first notebook that can be read", async () => {
    assert.equal(await notebook.shell("find /home/jovyan ! -user jovyan"), "");
    const welcome = await notebook.ask("api/contents/Welcome.ipynb");
    const { content } = (await welcome.json()) as { content: { cells: unknown[] } };
    assert.ok(content.cells.length > 5);
  });

  it("deletes for good, full folders too, as nothing shows or empties a trash", async () => {
    await notebook.shell("mkdir -p /home/jovyan/folder && touch /home/jovyan/folder/file");
    assert.equal((await notebook.ask("api/contents/folder", { method: "DELETE" })).status, 204);
    assert.equal(
      await notebook.shell("ls -d ~/folder ~/.local/share/Trash 2>/dev/null || true"),
      "",
    );
  });

  it("does not start without a secret", async () => {
    const command = ["run", "--rm", "--network", "none", "--label", run.label, image];
    await assert.rejects(docker(...command), /JUPYTER_TOKEN is not set/);
  });

  it("stops by itself, in the middle of a cell, having printed neither requests nor its secret", async () => {
    using kernel = await notebook.kernel();
    kernel.send("while True: pass");
    await notebook.ask("api/contents/nothing-here");
    await docker("stop", "--time", "120", notebook.id);
    const code = await docker("inspect", "--format", "{{.State.ExitCode}}", notebook.id);
    assert.notEqual(code, "137", "it did not end before it was killed");
    const log = await notebook.log();
    assert.ok(!log.includes(SECRET));
    assert.doesNotMatch(log, /GET|POST|nothing-here/);
  });
});
