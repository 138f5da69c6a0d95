const token = document.querySelector('meta[name="csrf-token"]')?.content;


// htmx: the session's token goes with every request; a lost connection is said, never hidden.
document.addEventListener("htmx:configRequest", (event) => {
  if (token) event.detail.headers["X-CSRF-Token"] = token;
});
const offline = (lost) => {
  const note = document.getElementById("offline");
  if (note) note.hidden = !lost;
};
document.addEventListener("htmx:sendError", () => offline(true));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) offline(false);
});
window.addEventListener("offline", () => offline(true));
window.addEventListener("online", () => offline(false));
