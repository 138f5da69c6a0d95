// A scanner types faster than anybody (keys at most 35 ms apart) and ends with Enter. Wherever the cursor is, what it
// typed goes to the counter, and out of the field into which it fell.
const FASTEST = 35;
const SHORTEST = 6;
let burst = "";
let lastKey = 0;
let field = null;
let before = "";
document.addEventListener(
  "keydown",
  (event) => {
    const fast = event.timeStamp - lastKey <= FASTEST;
    if (event.key === "Enter" && fast && burst.length >= SHORTEST) {
      const code = burst;
      burst = "";
      const taken = field && field.isConnected && "value" in field;
      if (event.ctrlKey || event.altKey || event.metaKey || (taken && field.type === "password")) return;
      if (taken && field.matches("[data-search]:not([data-find])")) {
        field.value = code; // a search of its own: what the scanner typed is what is looked for
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (taken) {
        field.value = before;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      const scanned = new CustomEvent("scan", { detail: code, cancelable: true });
      if (!document.dispatchEvent(scanned)) return;
      const place = document.querySelector('nav a[href="/counter"]') ?? document.querySelector('nav a[href="/members"]');
      if (place) location.assign(`${place.getAttribute("href")}?${new URLSearchParams({ q: code, open: "one" })}`);
      return;
    }
    if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!fast || burst === "") {
      burst = "";
      field = event.target.closest("input, textarea");
      before = field?.value ?? "";
    }
    burst += event.key;
    lastKey = event.timeStamp;
  },
  true,
);
