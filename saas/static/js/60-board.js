// A board of reports that is replaced by newer numbers keeps open what the reader has opened.
const opened = (details) =>
  `${details.closest("[aria-labelledby]")?.getAttribute("aria-labelledby") ?? ""} ${details.querySelector("summary").textContent.trim()}`;
let openDetails = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "board") openDetails = [...event.detail.target.querySelectorAll("details[open]")].map(opened);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const details of document.querySelectorAll("#board details")) {
    if (openDetails.includes(opened(details))) details.open = true;
  }
  openDetails = [];
});
