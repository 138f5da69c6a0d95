// Who logs out while the till still keeps entries is asked first; they stay in the browser either way.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.getAttribute("action") !== "/logout") return;
    const waiting = Object.values(JSON.parse(localStorage.getItem("till-waiting") ?? "{}"));
    if (waiting.some((count) => count > 0) && !confirm(form.dataset.waiting)) event.preventDefault();
  },
  true,
);
