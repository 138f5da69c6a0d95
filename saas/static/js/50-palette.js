// Ctrl+K leads to any page by its name; "?" shows what the keyboard can do. Both work while nothing else is typed into.
const palette = document.getElementById("palette");
const shortcuts = document.getElementById("shortcuts");
const find = document.getElementById("palette-find");
const options = palette ? [...palette.querySelectorAll("[role=option]")] : [];
let chosen = null;

const choose = (option) => {
  chosen?.setAttribute("aria-selected", "false");
  chosen = option ?? null;
  chosen?.setAttribute("aria-selected", "true");
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) find.setAttribute("aria-activedescendant", chosen.id);
  else find.removeAttribute("aria-activedescendant");
};
const shown = () => options.filter((option) => !option.hidden);
const filter = () => {
  const typed = find.value.trim();
  const words = typed.toLowerCase().split(/\s+/);
  for (const option of options) {
    if (option.dataset.find) {
      option.hidden = typed === "";
      option.querySelector("[data-typed]").textContent = typed;
    } else {
      option.hidden = !words.every((word) => option.dataset.words.includes(word));
    }
  }
  choose(shown()[0]);
  palette.querySelector(".palette-none").hidden = shown().length > 0;
};
const go = (option) => {
  if (!option) return;
  const { address, find: search } = option.dataset;
  window.location.assign(address ?? search + encodeURIComponent(find.value.trim()));
};
const open = () => {
  if (palette.open) return;
  find.value = "";
  filter();
  palette.showModal();
  find.focus();
};

if (palette) {
  for (const button of document.querySelectorAll("[data-palette]")) {
    button.hidden = false;
    button.addEventListener("click", open);
  }
  find.addEventListener("input", filter);
  find.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const list = shown();
    const at = list.indexOf(chosen);
    if (event.key === "ArrowDown") choose(list[(at + 1) % list.length]);
    else if (event.key === "ArrowUp") choose(list[(at - 1 + list.length) % list.length]);
    else if (event.key === "Enter") go(chosen);
    else return;
    event.preventDefault();
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
    else go(event.target.closest("[role=option]"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) open();
    } else if (event.key === "?" && !event.target.closest("input, textarea, select, [contenteditable]")) {
      if (!document.querySelector("dialog[open]")) shortcuts.showModal();
    }
  });
}

// On a narrow window the navigation is a leaf over the page (`#main-nav`), without scripts, too; Escape closes it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || window.location.hash !== "#main-nav") return;
  window.location.hash = "";
  document.querySelector(".menu-open")?.focus();
});
