/** A table of people: finding them, and buttons that say whom they are about. */

/** @param {string} text without case and accents, so that "maria" finds María */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

/** @returns {HTMLElement[]} */
function rows() {
  const table = document.getElementById("find")?.dataset["filter"] ?? "class-rows";
  /** @type {HTMLElement[]} */
  const found = [];
  for (const row of document.getElementById(table)?.children ?? []) {
    if (row instanceof HTMLElement) found.push(row);
  }
  return found;
}

function filter() {
  const field = document.getElementById("find");
  const states = document.getElementById("find-state");
  if (!(field instanceof HTMLInputElement)) return;
  const wanted = plain(field.value.trim());
  const state = states instanceof HTMLSelectElement ? states.value : "";
  for (const row of rows()) {
    const name = row.querySelector("th")?.textContent ?? "";
    const isOfState = state === "" || row.dataset["state"] === state;
    row.hidden = !isOfState || !plain(name).includes(wanted);
  }
}

function say() {
  const field = document.getElementById("find");
  const announcer = document.getElementById("announcer");
  if (!(field instanceof HTMLInputElement) || !announcer) return;
  const found = rows().filter((row) => !row.hidden).length;
  const number = new Intl.NumberFormat(document.documentElement.lang).format(found);
  const text = found === 0 ? field.dataset["none"] : field.dataset["some"]?.replace("#", number);
  announcer.textContent = text ?? "";
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
document.addEventListener("input", (event) => {
  if (!(event.target instanceof Element) || !event.target.id.startsWith("find")) return;
  filter();
  clearTimeout(timer);
  timer = setTimeout(say, 1_000);
});
/** The row says it to those who see it, and to screen readers; a list of all buttons does not. */
function nameButtons() {
  for (const row of rows()) {
    const name = row.querySelector("th bdi")?.textContent ?? "";
    for (const button of row.querySelectorAll("td button, td summary, td a")) {
      const about = (button instanceof HTMLElement && button.dataset["about"]) || name;
      button.setAttribute("aria-label", `${button.textContent.trim()} \u2068${about}\u2069`);
    }
  }
}

function refresh() {
  filter();
  nameButtons();
}
document.addEventListener("homeroom:changed", refresh);
refresh();
