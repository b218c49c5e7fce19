/** What every page has by script. Pages work without it. */

const root = document.documentElement;
/** A box without a battery clock is often wrong: times are counted by the box's clock, not the browser's. */
const clockDifferenceMs = Date.parse(root.dataset["now"] ?? "") - Date.now() || 0;

/** @param {string} text */
function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = text;
}

/**
 * @template {Element} Found
 * @param {string} selector
 * @param {new () => Found} type
 * @returns {Found[]}
 */
function all(selector, type) {
  /** @type {Found[]} */
  const found = [];
  for (const element of document.querySelectorAll(selector)) {
    if (element instanceof type) found.push(element);
  }
  return found;
}

// A page that the browser kept is not shown to whoever comes after the sign-out.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// ---- What only works by script is shown by script

for (const element of all("[data-script]", HTMLElement)) element.hidden = false;
all("[data-focus]", HTMLElement)[0]?.focus();

// ---- Times

const agoFormat = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
const momentFormat = new Intl.DateTimeFormat(root.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const agoSteps = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

function updateTimes() {
  const now = Date.now() + clockDifferenceMs;
  for (const time of all("time:not([data-fixed])", HTMLTimeElement)) {
    const seconds = Math.max(0, (now - Date.parse(time.dateTime)) / 1000);
    const [unit, size] = agoSteps.find(([, size]) => seconds >= size) ?? ["second", Infinity];
    const text = agoFormat.format(-Math.floor(seconds / size) || 0, unit);
    if (time.textContent !== text) time.textContent = text;
    time.title ||= momentFormat.format(new Date(time.dateTime));
  }
}
setInterval(updateTimes, 20_000);

// ---- Copy and print

/** @param {string} text */
async function copy(text) {
  // A box without HTTPS is no secure context: the old command is all there is.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} name
 */
function showIcon(button, name) {
  const icon = button.querySelector("use");
  icon?.setAttribute("href", (icon.getAttribute("href") ?? "").replace(/#.*/, `#${name}`));
}

/** @param {HTMLButtonElement} button */
async function copyFor(button) {
  const source = document.getElementById(button.dataset["copy"] ?? "");
  await copy((source instanceof HTMLTextAreaElement ? source.value : source?.textContent) ?? "");
  announce(button.dataset["copied"] ?? "");
  showIcon(button, "done");
  setTimeout(() => showIcon(button, "copy"), 2_000);
  button.focus();
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest("button[data-print], button[data-copy]");
  if (!(button instanceof HTMLButtonElement)) return;
  if (button.dataset["copy"] === undefined) print();
  else void copyFor(button);
});

// ---- Menus close by Escape and by a click elsewhere

/** @param {Node | null} except */
function closeMenus(except) {
  for (const menu of all("details.menu[open]", HTMLDetailsElement)) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}
document.addEventListener("click", (event) => {
  closeMenus(event.target instanceof Node ? event.target : null);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus(null);
  menu?.querySelector("summary")?.focus();
});

// ---- Questions before what cannot be taken back

/** @type {HTMLElement | null} */
let confirmed = null;

/**
 * A button, or what took its place while its question was open.
 * @param {HTMLElement} button
 * @returns {HTMLElement | null}
 */
function stillThere(button) {
  if (button.isConnected) return button;
  if (button.id !== "") return document.getElementById(button.id);
  const address = CSS.escape(button.getAttribute("formaction") ?? "");
  return document.querySelector(`[data-ask=${button.dataset["ask"]}][formaction="${address}"]`);
}

/**
 * Whether there is something to ask: `data-unless` is what `data-field` says when there is not.
 * @param {HTMLElement} button
 */
function asks(button) {
  const field = button.closest("form")?.elements.namedItem(button.dataset["field"] ?? "");
  return !(field instanceof HTMLInputElement) || field.value.trim() !== button.dataset["unless"];
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.dataset["ask"] || button === confirmed || !asks(button)) return;
  const dialog = document.getElementById(button.dataset["ask"]);
  if (!(dialog instanceof HTMLDialogElement) || !dialog.showModal) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const name =
    button.dataset["about"] ?? button.closest("tr")?.querySelector("th bdi")?.textContent;
  if (name) {
    for (const place of dialog.querySelectorAll("bdi")) place.textContent = name;
  }
  closeMenus(null);
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      const present = stillThere(button);
      (present?.closest("details")?.querySelector("summary") ?? present)?.focus();
      if (dialog.returnValue !== "yes") return;
      confirmed = present;
      present?.click();
      confirmed = null;
    },
    { once: true },
  );
  dialog.showModal();
});

// ---- Signing out leaves nothing behind on a shared computer

async function clearStorage() {
  try {
    localStorage.clear();
    sessionStorage.clear();
    const databases = (await indexedDB.databases?.()) ?? [];
    for (const { name } of databases) if (name) indexedDB.deleteDatabase(name);
  } catch {
    // Storage is switched off in this browser: there is nothing to clear.
  }
}
if (document.querySelector("[data-clear-storage]")) void clearStorage();
document.addEventListener("submit", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-sign-out]")) {
    void clearStorage();
  }
});

// ---- What a second click would send again was done by the first

/** @type {WeakSet<Element>} */
const sentForms = new WeakSet();
/** The answer did not come: it may be sent again. */
const SENT_MS = 10_000;

// Behind all others, which keep some forms from being sent.
window.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post")
    return;
  if (sentForms.has(form)) return event.preventDefault();
  sentForms.add(form);
  setTimeout(() => sentForms.delete(form), SENT_MS);
});

// ---- Tables drawn as cards keep their meaning for screen readers

function nameTableRoles() {
  /** @type {[string, string][]} */
  const roles = [
    ["", "table"],
    [" thead, table.cards tbody", "rowgroup"],
    [" tr", "row"],
    [" td", "cell"],
    [" thead th", "columnheader"],
    [" tbody th", "rowheader"],
  ];
  for (const [selector, role] of roles) {
    for (const element of all(`table.cards${selector}`, HTMLElement))
      element.setAttribute("role", role);
  }
}

// ---- The newest lines of a log are its last

/** @param {Element} log */
function showEnd(log) {
  log.scrollTop = log.scrollHeight;
}
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target instanceof Element) for (const log of target.querySelectorAll(".log")) showEnd(log);
  },
  true,
);
for (const log of all(".log", Element)) showEnd(log);

function refresh() {
  nameTableRoles();
  updateTimes();
  for (const note of all("[data-show-after]", HTMLElement)) {
    const seconds = Number(note.dataset["showAfter"]);
    note.removeAttribute("data-show-after");
    setTimeout(() => (note.hidden = false), seconds * 1_000);
  }
}
refresh();
// live.js says that it has put something new into the page.
document.addEventListener("homeroom:changed", refresh);
