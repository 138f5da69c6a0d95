// A long navigation begins where the page stands in it.
document.querySelector(".sidebar nav [aria-current]")?.scrollIntoView({ block: "nearest" });

// An open menu closes at Escape and at a click elsewhere.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details:is(.account, .about)[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
};
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus(null);
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (!opener) return;
  event.preventDefault();
  document.getElementById(opener.dataset.dialog).showModal();
});
