/** Password fields: showing what is typed, a word about its strength, and the wait after too many tries. */

for (const box of document.querySelectorAll("[data-show-passwords]")) {
  if (!(box instanceof HTMLInputElement)) continue;
  const fields = [...(box.form?.elements ?? [])].filter(
    (field) => field instanceof HTMLInputElement && field.type === "password",
  );
  box.addEventListener("change", () => {
    for (const field of fields) field.setAttribute("type", box.checked ? "text" : "password");
  });
  // Browsers offer to remember a field only while it is a password field.
  box.form?.addEventListener("submit", () => {
    for (const field of fields) field.setAttribute("type", "password");
  });
}

/**
 * Length counts most: three words beat one word with a digit.
 * @param {string} password
 * @param {number} minLength
 * @returns {0 | 1 | 2 | 3}
 */
function strength(password, minLength) {
  const { length } = password;
  if (length < minLength) return 0;
  if (new Set(password).size < 5) return 1;
  if (length >= 16) return 3;
  return length >= 11 ? 2 : 1;
}

for (const field of document.querySelectorAll("[data-meter]")) {
  if (!(field instanceof HTMLInputElement)) continue;
  const meter = document.getElementById(field.dataset["meter"] ?? "");
  const words = meter?.dataset["words"]?.split("|") ?? [];
  field.addEventListener("input", () => {
    if (!meter) return;
    const level = strength(field.value, field.minLength);
    meter.hidden = field.value === "";
    meter.textContent = words[level] ?? "";
    meter.className = `hint strength-${level}`;
  });
}

const waiting = document.querySelector("[data-countdown]");
const shown = waiting?.querySelector("[data-value=seconds]");
if (waiting instanceof HTMLElement && shown) {
  // It was read out when it got the focus; not again every second.
  waiting.removeAttribute("role");
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const given = Number(waiting.dataset["countdown"]);
  const end = performance.now() + given * 1_000;
  const timer = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1_000);
    if (left > 0) shown.textContent = numbers.format(left);
    else {
      clearInterval(timer);
      waiting.hidden = true;
    }
  }, 1_000);
}
