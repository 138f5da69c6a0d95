// Placeholders become buttons: pressed, they go to where the writer was in a text.
const insertable = () => {
  for (const code of document.querySelectorAll("code[data-insert]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "insert";
    button.dataset.insert = code.dataset.insert;
    button.textContent = code.textContent;
    code.replaceWith(button);
  }
};
let written = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea")) written = event.target.id;
});
// The press leaves the writer where it was: a text that is left is sent, and would be once more with what is inserted.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("button[data-insert]")) event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-insert]");
  if (!button) return;
  const area = (written && document.getElementById(written)) || button.form.querySelector("textarea");
  area.setRangeText(button.dataset.insert, area.selectionStart, area.selectionEnd, "end");
  area.focus();
  for (const name of ["input", "change"]) area.dispatchEvent(new Event(name, { bubbles: true }));
});
insertable();
document.addEventListener("htmx:afterSettle", insertable);
