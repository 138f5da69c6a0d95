// The members' list: how many rows are ticked, and all of a page at once. Rows come and go with htmx.
const boxes = () => [...document.querySelectorAll(".row-tick")];
const count = () => {
  const all = document.querySelector("[data-tick-all]");
  if (!all) return;
  const ticked = boxes().filter((box) => box.checked).length;
  all.closest("label").hidden = false;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
  const told = document.querySelector("[data-ticked]");
  told.hidden = ticked === 0;
  told.textContent = String(ticked);
};
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-tick-all], .row-tick")) count();
});
document.addEventListener("htmx:afterSwap", count);
window.addEventListener("pageshow", count);
// A number is shown in its row: the button's own form, for browsers without scripts, stays where it is.
document.addEventListener("click", (event) => {
  if (event.target.closest(".reveal")) event.preventDefault();
});
