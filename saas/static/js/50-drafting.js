// Of many tabs the present one is to be seen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Forms of the draft save themselves with every change. What comes back takes their place only where nothing was typed
// or pressed meanwhile: no keystroke and no click is lost to an answer.
let inputs = 0;
let pressed = false;
let held = null;
let onward = null;
const saving = () => document.querySelector("[data-draft].htmx-request");
document.addEventListener("input", () => { inputs += 1; });
document.addEventListener("pointerdown", () => { pressed = true; });
const released = () => {
  pressed = false;
  const form = held;
  held = null;
  if (form) setTimeout(() => { if (form.isConnected && !form.matches(".htmx-request")) htmx.trigger(form, "change"); }, 50);
};
document.addEventListener("pointerup", released);
document.addEventListener("pointercancel", released);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.matches("[data-draft]")) event.detail.elt.dataset.inputs = String(inputs);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig.elt;
  if (!form.matches("[data-draft]")) return;
  if (event.detail.xhr.status === 409 || event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
  if (event.detail.requestConfig.triggeringEvent?.type === "submit") return;
  if (pressed) held = form;
  if (pressed || form.dataset.inputs !== String(inputs)) event.detail.shouldSwap = false;
});
// What couldn't be kept is said: by the page of the error, or, where nothing came through, sent again.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.matches("[data-draft]") && event.detail.xhr.status !== 401) event.detail.elt.submit();
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.matches("[data-draft]")) event.detail.elt.dataset.unsaved = "true";
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) delete event.detail.elt.dataset.unsaved;
  if (onward && event.detail.elt.matches("[data-draft]")) window.location.assign(onward);
  onward = null;
});
window.addEventListener("online", () => {
  for (const form of document.querySelectorAll("[data-unsaved]")) htmx.trigger(form, "change");
});
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-unsaved]")) event.preventDefault();
});
// A link leads on once the change before it is kept.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !saving() || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  event.preventDefault();
  onward = link.href;
});
