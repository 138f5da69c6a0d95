// "/" leads to the search of the page; Escape leaves a field of it.
const typing = (at) => at.closest("input, textarea, select, [contenteditable]") !== null;
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const search = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
// Rows of a list by arrow keys: down from the search to the first, up from the first back to the search.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const rows = [...document.querySelectorAll(".row-link")];
  const search = document.querySelector("main [data-search]");
  const at = rows.indexOf(document.activeElement);
  if (rows.length === 0 || (at < 0 && document.activeElement !== search)) return;
  event.preventDefault();
  const to = at + (event.key === "ArrowDown" ? 1 : -1);
  if (to < 0) search?.focus();
  else rows[Math.min(to, rows.length - 1)].focus();
});
