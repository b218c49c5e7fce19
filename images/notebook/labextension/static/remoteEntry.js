/**
 * Links from Lab and Notebook 7 to the hub, and a notice when the session or the notebook has ended.
 * Written in the form that JupyterLab loads, a module federation container, so that nothing is built.
 */
(() => {
  const texts = {
    links: "Homeroom",
    myPage: "My page",
    newTab: "opens in a new tab",
    signOut: "Sign out",
    signedOut: "You are no longer signed in here. Your saved files are safe.",
    signIn: "Sign in again",
    stopped: "This notebook was closed. Your saved files are safe.",
    open: "Open it again",
    moved: "This notebook is no longer at this address. Your saved files are safe.",
    unsaved:
      "What is not saved yet is still on this page. Do not close it: use the button, which opens a new tab, then come back here and save.",
    away: "The box does not answer just now. This page keeps trying.",
  };

  const styles = `
    .homeroom-links {
      display: flex; align-items: center; gap: 4px; padding-inline: 8px; white-space: nowrap;
      color: var(--jp-ui-font-color1); font-size: var(--jp-ui-font-size1);
    }
    .homeroom-links span { max-inline-size: 14em; overflow: hidden; text-overflow: ellipsis; padding-inline: 4px; }
    .homeroom-links a, .homeroom-notice a {
      color: var(--jp-ui-font-color1); text-decoration: none; padding: 2px 8px; border-radius: 4px;
      border: 1px solid var(--jp-border-color1);
    }
    .homeroom-links a:hover { background: var(--jp-layout-color2); }
    .homeroom-links a:focus-visible, .homeroom-notice a:focus-visible {
      outline: 3px solid var(--jp-brand-color1); outline-offset: 1px;
    }
    @media (max-width: 48rem) { .homeroom-links span { display: none; } }
    /* Lab is wider than a phone: what stands last cannot be seen. */
    @media (max-width: 36rem) { .homeroom-links { order: -1; } }
    .homeroom-notice {
      position: fixed; z-index: 20000; inset-block-start: 48px; inset-inline: 0; margin-inline: auto;
      inline-size: fit-content; max-inline-size: min(36rem, calc(100vw - 4rem));
      padding: 16px; border-radius: 8px; border: 2px solid var(--jp-warn-color1, #b35900);
      background: var(--jp-layout-color1); color: var(--jp-ui-font-color1);
      box-shadow: 0 4px 24px rgb(0 0 0 / 35%); font-family: var(--jp-ui-font-family); font-size: 16px; line-height: 1.5;
    }
    .homeroom-notice p { margin: 0; }
    .homeroom-notice p + p { margin-block-start: 8px; }
    .homeroom-notice a {
      display: inline-block; padding: 6px 16px; background: var(--jp-brand-color0, #0b5394); color: #fff; border: 0;
    }
  `;

  const POLL_MS = 10_000;
  const RETRY_MS = 3_000;
  const SLOWEST_MS = 30_000;
  const GIVE_UP_MS = 8_000;

  let shareScope;

  /** What Lab itself uses: a class or token of another copy would not be recognised. */
  async function shared(name) {
    const [entry] = Object.values(shareScope[name]);
    return (await entry.get())();
  }

  function element(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  function readConfig() {
    const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    return { base: config.baseUrl, hub: config.hubPrefix };
  }

  function makeLinks(hub) {
    const name = element("span");
    const myPage = element("a", {
      href: `${hub}home`,
      target: "_blank",
      rel: "noopener",
      title: `${texts.myPage} (${texts.newTab})`,
      textContent: texts.myPage,
    });
    const signOut = element("a", { href: `${hub}logout`, textContent: texts.signOut });
    const node = element("nav", { className: "homeroom-links" }, name, myPage, signOut);
    node.setAttribute("aria-label", texts.links);
    return { node, name };
  }

  /** Where the hub opens this notebook: `/hub/spawn/maria/physics` is `/user/maria/physics/`. */
  function openPath({ base, hub }) {
    const root = hub.slice(0, -"hub/".length);
    return `${hub}spawn/${base.slice(`${root}user/`.length, -1)}`;
  }

  /** The link goes to this very place; with unsaved work it opens beside this page, so that nothing is lost. */
  function makeNotice(config, isDirty) {
    const { hub } = config;
    let node;
    let shown;
    return function show(state) {
      if (state === shown) return;
      shown = state;
      node?.remove();
      if (state === "fine") return;

      node = element("div", { className: "homeroom-notice" });
      node.setAttribute("role", "alert");
      document.body.append(node);
      node.append(element("p", { textContent: texts[state] }));
      if (state === "away") return;

      const dirty = isDirty();
      if (dirty) node.append(element("p", { textContent: texts.unsaved }));
      const next = encodeURIComponent(location.pathname + location.search + location.hash);
      const [href, textContent] = {
        stopped: [`${openPath(config)}?next=${next}`, texts.open],
        signedOut: [`${hub}login?next=${next}`, texts.signIn],
        moved: [`${hub}home`, texts.myPage],
      }[state];
      const link = element("a", { href, textContent });
      if (dirty) Object.assign(link, { target: "_blank", rel: "noopener" });
      node.append(element("p", {}, link));
    };
  }

  async function askState(base) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), GIVE_UP_MS);
    try {
      const response = await fetch(`${base}api/status`, {
        // The hub does not take this for someone at work.
        headers: { Accept: "application/json", "X-Homeroom-Poll": "1" },
        cache: "no-store",
        redirect: "manual",
        signal: giveUp.signal,
      });
      if (response.status === 424) return "stopped";
      // Its person has another user name now, or somebody else has signed in since: nothing leads back here.
      if (response.status === 404) return "moved";
      const isRefused = response.status === 401 || response.status === 403;
      if (isRefused || response.type === "opaqueredirect") return "signedOut";
      return response.status >= 500 ? "away" : "fine";
    } catch {
      return "away";
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Asks while the tab is seen. After the end of the session or the notebook it asks no more until somebody
   * comes back to the tab, perhaps from having signed in beside it.
   */
  function watch(base, show) {
    let timer;
    let asking = false;
    let failures = 0;
    let over = false;

    async function check() {
      clearTimeout(timer);
      if (asking || document.hidden) return;
      asking = true;
      const state = await askState(base);
      asking = false;
      over = state === "stopped" || state === "signedOut" || state === "moved";

      failures = state === "away" ? failures + 1 : 0;
      // A hub that restarts is back in a moment: one failure is no news.
      if (failures !== 1) show(state);
      if (state === "fine") timer = setTimeout(check, POLL_MS);
      if (state === "away") {
        const delay = failures === 1 ? RETRY_MS : POLL_MS * (failures - 1);
        timer = setTimeout(check, Math.min(delay, SLOWEST_MS));
      }
    }

    document.addEventListener("visibilitychange", check);
    window.addEventListener("online", check);
    timer = setTimeout(check, POLL_MS);
    return async function askAtOnce() {
      if (!over) await check();
    };
  }

  async function makePlugin() {
    const [{ IConnectionLost }, { Widget }] = await Promise.all([
      shared("@jupyterlab/application"),
      shared("@lumino/widgets"),
    ]);

    return {
      id: "homeroom:hub",
      description: "Shows the way back to the hub, and when session or notebook have ended.",
      autoStart: true,
      // Takes the place of the hub extension's dialog, so that there is one message and not two.
      provides: IConnectionLost,
      activate(app) {
        const config = readConfig();
        if (!config.hub) return async () => {};

        document.head.append(element("style", { textContent: styles }));
        const links = makeLinks(config.hub);
        const widget = new Widget({ node: links.node });
        widget.id = "homeroom-links";
        app.shell.add(widget, "top", { rank: 10_000 });

        const { user } = app.serviceManager;
        void user.ready.then(() => (links.name.textContent = user.identity.display_name));

        const show = makeNotice(config, () => app.status?.isDirty ?? false);
        return watch(config.base, show);
      },
    };
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB.homeroom = {
    init(scope) {
      shareScope = scope;
    },
    async get() {
      const plugin = await makePlugin();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
