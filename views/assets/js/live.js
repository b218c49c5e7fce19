/**
 * Keeps a page true while it is open: fragments come over an event stream and take the place of those with
 * the same id. Events: `part` {target, html}; `go` {url}, for the waiting room; `stale` {}, when people came or went.
 */

const main = document.querySelector("main[data-events]");
const url = main instanceof HTMLElement ? main.dataset["events"] : undefined;
/** The waiting room goes where it is sent, also from the background; other pages stay. */
const isWaitingRoom = main instanceof HTMLElement && main.dataset["follows"] !== undefined;

const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** Browsers allow six connections to a site: pages in the background give theirs back. */
const HIDDEN_MS = 60_000;
const ANNOUNCE_MS = 10_000;

/** @type {EventSource | undefined} */
let stream;
let tries = 0;
let wasLost = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retryTimer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiddenTimer;

// ---- Connection

function connect() {
  if (url === undefined || stream !== undefined) return;
  clearTimeout(retryTimer);
  const opened = new EventSource(url);
  stream = opened;
  opened.addEventListener("open", () => {
    showLost(false);
    // What happened while there was no stream.
    if (wasLost) void loadAgain();
    tries = 0;
    wasLost = false;
  });
  opened.addEventListener("part", (event) => replacePart(JSON.parse(event.data)));
  opened.addEventListener("go", (event) => go(JSON.parse(event.data)));
  opened.addEventListener("stale", () => void loadAgain());
  opened.addEventListener("error", () => {
    // The browser gives up for good when the answer is an error: then it is on us to try again.
    disconnect();
    tries += 1;
    if (tries > 1) showLost(true);
    retryTimer = setTimeout(() => void retry(), RETRY_MS[Math.min(tries, RETRY_MS.length) - 1]);
  });
}

function disconnect() {
  clearTimeout(retryTimer);
  stream?.close();
  stream = undefined;
  wasLost = true;
}

async function retry() {
  if (tries > 1 && (await isSignedOut())) return location.reload();
  connect();
}

/** The page itself leads elsewhere once the session has ended. */
async function isSignedOut() {
  try {
    const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
    return answer.type === "opaqueredirect" || answer.status === 403;
  } catch {
    return false;
  }
}

/** @param {boolean} isLost */
function showLost(isLost) {
  const banner = document.getElementById("lost");
  const text = isLost ? (banner?.dataset["text"] ?? "") : "";
  if (banner && banner.textContent !== text) banner.textContent = text;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.visibilityState === "visible") connect();
  else if (!isWaitingRoom) hiddenTimer = setTimeout(disconnect, HIDDEN_MS);
});
addEventListener("pagehide", disconnect);

// ---- What comes

/** @param {{ target: string, html: string }} part */
function replacePart({ target, html }) {
  const old = document.getElementById(target);
  const fresh = swap(old, html);
  if (!old || !fresh) return;
  changed();
  if (fresh.tagName !== "TR" || actedOn.has(target)) announceState(old, fresh);
}

/**
 * @param {HTMLElement | null} old
 * @param {string} html
 */
function swap(old, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  if (!old || !(fresh instanceof HTMLElement) || fresh.id !== old.id) return undefined;
  // What only works by script, and is hidden where there is none.
  for (const element of fresh.querySelectorAll("[data-script]")) element.removeAttribute("hidden");
  const focused = focusIn(old);
  const openMenu = old.querySelector("details[open] > summary")?.closest("[id]")?.id;
  old.replaceWith(fresh);
  const menuOwner = openMenu === undefined ? null : document.getElementById(openMenu);
  menuOwner?.querySelector("details")?.setAttribute("open", "");
  if (focused) focusAgain(fresh, focused);
  return fresh;
}

/** @param {{ url: string }} where */
function go({ url }) {
  if (!isWaitingRoom) return;
  disconnect();
  location.replace(url);
}

/** The list of the class, from a fresh copy of the page; what is typed in its search stays. */
async function loadAgain() {
  const list = document.getElementById("class-list");
  if (!list) return;
  const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const typed = inputIn(list)?.value ?? "";
  for (const id of ["class-tiles", "class-list"]) {
    swap(document.getElementById(id), page.getElementById(id)?.outerHTML ?? "");
  }
  const field = inputIn(document.getElementById("class-list"));
  if (field) field.value = typed;
  changed();
}

/** @param {HTMLElement | null} element */
function inputIn(element) {
  return element?.querySelector("input[type=search]") instanceof HTMLInputElement
    ? /** @type {HTMLInputElement} */ (element.querySelector("input[type=search]"))
    : undefined;
}

function changed() {
  document.dispatchEvent(new CustomEvent("homeroom:changed"));
}

const FOCUSABLE = "a, button, summary, input";

/**
 * Where the focus is inside an element that is about to be replaced.
 * @param {Element} old
 */
function focusIn(old) {
  const { activeElement } = document;
  if (!activeElement || !old.contains(activeElement)) return undefined;
  return {
    id: activeElement.id,
    index: [...old.querySelectorAll(FOCUSABLE)].indexOf(activeElement),
  };
}

/**
 * @param {HTMLElement} fresh
 * @param {{ id: string, index: number }} path
 */
function focusAgain(fresh, { id, index }) {
  const same = id === "" ? null : document.getElementById(id);
  const alike = fresh.querySelectorAll(FOCUSABLE)[index] ?? fresh.querySelector(FOCUSABLE);
  const element = same ?? alike;
  if (element instanceof HTMLElement) element.focus();
}

// ---- What screen readers are told: new states, at most every ten seconds

let lastAnnounced = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let announceTimer;

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function announceState(old, fresh) {
  const text = stateOf(fresh);
  if (text === "" || text === stateOf(old)) return;
  clearTimeout(announceTimer);
  const wait = Math.max(0, lastAnnounced + ANNOUNCE_MS - Date.now());
  announceTimer = setTimeout(() => {
    lastAnnounced = Date.now();
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = text;
  }, wait);
}

/** @param {Element} element */
function stateOf(element) {
  const isRow = element.tagName === "TR";
  const name = (isRow ? element.querySelector("th bdi")?.textContent : undefined) ?? "";
  const state = element.querySelector("[data-announce], .tag")?.textContent.trim() ?? "";
  return `${name} ${state}`.trim();
}

// ---- Buttons whose effect comes over the stream need no new page

/** Ids of the rows that this person has done something to. */
const actedOn = new Set();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!(form instanceof HTMLFormElement) || !(button instanceof HTMLButtonElement)) return;
  if (button.dataset["quiet"] === undefined || stream?.readyState !== EventSource.OPEN) return;
  event.preventDefault();
  actedOn.add(button.closest("tr")?.id);
  void sendQuietly(form, button);
});

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
async function sendQuietly(form, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  const address = button.hasAttribute("formaction") ? button.formAction : form.action;
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") fields.append(name, value);
  }
  try {
    const answer = await fetch(address, { method: "POST", body: fields, redirect: "manual" });
    // A redirect is what a form is answered with when all went well; else the page says what is wrong.
    if (answer.type !== "opaqueredirect") location.reload();
  } catch {
    showLost(true);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

connect();
