// A till that several people share locks when nobody touches it. The server counts requests; this page tells it that
// somebody types, and shows the lock by itself when nobody did. Open windows of one till know of each other.
const lockForm = document.querySelector("[data-lock-now]");
const idle = Number(document.body.dataset.idle || 0) * 60_000;
if (lockForm && idle > 0) {
  const KEY = "regulars-used";
  const opened = Date.now();
  let told = opened;
  let locking = false;
  const lastUse = () => Math.max(Number(localStorage.getItem(KEY)) || 0, opened);
  const here = () => window.location.pathname + window.location.search;
  // Without a connection the page stays: the lock needs the server, and so does everything that it keeps from others.
  const lock = async () => {
    if (locking) return;
    locking = true;
    try {
      await fetch(lockForm.action, { method: "POST", body: new URLSearchParams(new FormData(lockForm)), redirect: "manual" });
      window.location.assign(`/lock?next=${encodeURIComponent(here())}`);
    } catch {
      setTimeout(() => { locking = false; }, 5000);
    }
  };
  const stayAwake = async () => {
    told = Date.now();
    try {
      const headers = { "HX-Request": "true", "HX-Current-URL": window.location.href };
      const answer = await fetch("/lock/awake", { headers });
      if (answer.status === 401) window.location.assign(answer.headers.get("HX-Redirect") || "/lock");
    } catch {
      // No connection: the page says so elsewhere, and the server goes by its own clock.
    }
  };
  const used = () => {
    const now = Date.now();
    if (now - lastUse() >= 1000) localStorage.setItem(KEY, String(now));
    if (now - told >= idle / 4) stayAwake();
  };
  for (const kind of ["keydown", "pointerdown", "input", "wheel"]) {
    document.addEventListener(kind, used, { passive: true, capture: true });
  }
  localStorage.setItem(KEY, String(opened));
  const look = () => {
    if (Date.now() - lastUse() >= idle) lock();
  };
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("keydown", (event) => {
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === "KeyL") {
      event.preventDefault();
      lock();
    }
  });
  lockForm.addEventListener("submit", (event) => {
    event.preventDefault();
    lock();
  });
}
// What a page asks for by itself, every few seconds, keeps no till awake.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent) event.detail.headers["X-Background"] = "1";
});
// On the lock itself: a name leads to its PIN.
document.querySelector("[data-lock]")?.addEventListener("change", (event) => {
  const pin = document.getElementById("pin");
  if (event.target.name === "staff_id" && pin) {
    pin.value = "";
    pin.focus();
  }
});
