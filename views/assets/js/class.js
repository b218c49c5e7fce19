/** The table of the class: finding people, and buttons that say whom they are about. */

/** @param {string} text without case and accents, so that "maria" finds María */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function filter() {
  const field = document.getElementById("find");
  const rows = document.querySelectorAll("#class-rows > tr");
  if (!(field instanceof HTMLInputElement)) return;
  const wanted = plain(field.value.trim());
  for (const row of rows) {
    const name = row.querySelector("th")?.textContent ?? "";
    if (row instanceof HTMLElement) row.hidden = !plain(name).includes(wanted);
  }
}

function say() {
  const field = document.getElementById("find");
  const announcer = document.getElementById("announcer");
  if (!(field instanceof HTMLInputElement) || !announcer) return;
  const found = document.querySelectorAll("#class-rows > tr:not([hidden])").length;
  const number = new Intl.NumberFormat(document.documentElement.lang).format(found);
  const text = found === 0 ? field.dataset["none"] : field.dataset["some"]?.replace("#", number);
  announcer.textContent = text ?? "";
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
document.addEventListener("input", (event) => {
  if (!(event.target instanceof Element) || event.target.id !== "find") return;
  filter();
  clearTimeout(timer);
  timer = setTimeout(say, 1_000);
});
/** The row says it to those who see it, and to screen readers; a list of all buttons does not. */
function nameButtons() {
  for (const row of document.querySelectorAll("#class-rows > tr")) {
    const name = row.querySelector("th bdi")?.textContent ?? "";
    for (const button of row.querySelectorAll("button, summary, a")) {
      button.setAttribute("aria-label", `${button.textContent.trim()} \u2068${name}\u2069`);
    }
  }
}

function refresh() {
  filter();
  nameButtons();
}
document.addEventListener("homeroom:changed", refresh);
refresh();
