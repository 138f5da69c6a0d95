document.addEventListener("submit", (event) => {
  const form = event.target;
  // Colours change at once; the cookie follows behind.
  if (form.matches("[data-theme-form]") && event.submitter) {
    event.preventDefault();
    const theme = event.submitter.value;
    document.documentElement.dataset.theme = theme;
    const fields = new URLSearchParams(new FormData(form));
    fields.set("theme", theme);
    fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
    form.querySelector(theme === "dark" ? ".to-light" : ".to-dark").focus();
    return;
  }
  // A second Enter on a form that is on its way does nothing.
  if (form.matches("[data-once]")) {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
    form.querySelector('[type="submit"]')?.setAttribute("aria-disabled", "true");
  }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector('[type="submit"]')?.removeAttribute("aria-disabled");
  }
});

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
}
