"use strict";
{
  const till = () => document.getElementById("till");
  const byId = (id) => document.getElementById(id);
  const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? known.token;
  const known = { token: "", owner: "", branch: "" };
  const MEMORY = "till-here"; // ids alone, for the shell that knows nobody
  const WAITING = "till-waiting"; // how many entries wait, by whose they are: for the log-out
  const skew = () => {
    const at = till()?.dataset.now;
    if (at && at !== skew.at) Object.assign(skew, { at, by: Date.parse(at) - Date.now() });
    return skew.by ?? 0;
  };
  const now = () => new Date(Date.now() + skew()).toISOString();

  // --- where we are -------------------------------------------------------------------------------------------------
  const look = () => {
    const { owner, branch } = till()?.dataset ?? {};
    if (owner && branch) localStorage.setItem(MEMORY, JSON.stringify({ owner, branch }));
    const kept = JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
    known.owner = owner || kept.owner || "";
    known.branch = branch || kept.branch || "";
    skew();
  };
  const say = (lost) => {
    const line = byId("line");
    if (!line) return;
    line.classList.toggle("lost", lost);
    line.querySelector("[data-online]").hidden = lost;
    line.querySelector("[data-offline]").hidden = !lost;
  };

  // --- kept entries (IndexedDB): ids, typed numbers, amounts, time of sale ------------------------------------------
  const database = () =>
    new Promise((done, failed) => {
      const asked = indexedDB.open("regulars-till", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "number" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
  const inStore = async (mode, act) => {
    const db = await database();
    try {
      return await new Promise((done, failed) => {
        const work = db.transaction("entries", mode);
        const asked = act(work.objectStore("entries"));
        work.oncomplete = () => done(asked?.result);
        work.onerror = () => failed(work.error);
        work.onabort = () => failed(work.error);
      });
    } finally {
      db.close();
    }
  };
  const all = async () =>
    (await inStore("readonly", (store) => store.getAll())).sort((a, b) => (a.fields.occurred_at < b.fields.occurred_at ? -1 : 1));
  const put = (entry) => inStore("readwrite", (store) => store.put(entry));
  const drop = (number) => inStore("readwrite", (store) => store.delete(number));
  const LETTERS = "23456789ABCDEFGHJKMNPQRTUVWXY";
  const newNumber = () => {
    const drawn = crypto.getRandomValues(new Uint32Array(10));
    return `T${now().slice(2, 10).replaceAll("-", "")}-${[...drawn].map((n) => LETTERS[n % LETTERS.length]).join("")}`;
  };
  const KEPT = ["number", "branch_id", "occurred_at", "member_id", "who", "amount", "tender", "category"];
  const keep = async (fields) => {
    const only = Object.fromEntries(KEPT.filter((name) => fields[name]).map((name) => [name, fields[name]]));
    await put({ number: only.number, owner: known.owner, fields: only, state: "waiting", problem: "" });
    await show();
  };

  const text = (tag, words, className) => Object.assign(document.createElement(tag), { textContent: words, className: className ?? "" });
  const button = (words, act) => {
    const made = text("button", words, "button");
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  const show = async () => {
    const box = byId("kept");
    if (!box) return;
    const entries = await all();
    const mine = entries.filter((entry) => entry.owner === known.owner);
    const others = entries.length - mine.length;
    const counts = {};
    for (const entry of entries) if (entry.state !== "sent") counts[entry.owner] = (counts[entry.owner] ?? 0) + 1;
    localStorage.setItem(WAITING, JSON.stringify(counts));
    box.hidden = entries.length === 0;
    byId("kept-note").textContent = others ? `${box.dataset.others} ${others}` : "";
    byId("kept-list").replaceChildren(...mine.map((entry) => row(entry, box.dataset)));
  };
  const row = (entry, words) => {
    const { fields, state } = entry;
    const line = document.createElement("li");
    const time = new Date(fields.occurred_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const who = fields.who || (fields.member_id ? words.known : words.guest);
    line.append(text("span", `${time} · ${who} · ${fields.number}`), text("strong", fields.amount));
    line.append(text("span", state === "failed" ? `${words.failed}: ${entry.problem}` : words[state], state));
    line.dataset.state = state;
    if (state === "sent") {
      const link = text("a", words.open, "button");
      link.href = entry.href;
      line.append(link, button("×", () => drop(entry.number).then(show)));
    }
    if (state === "failed") {
      line.append(button(words.again, () => put({ ...entry, state: "waiting" }).then(flush)));
      line.append(button(words.discard, () => confirm(words.sure) && drop(entry.number).then(show)));
    }
    return line;
  };

  // --- sending what was kept, in its order --------------------------------------------------------------------------
  let sending = false;
  const reached = async () => {
    const answer = await fetch("/counter/here", { headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual" });
    if (!answer.ok) return answer.type === "opaqueredirect" || answer.status === 401 ? "login" : "";
    const found = await answer.json();
    known.token = found.token;
    return found.owner === known.owner || !known.owner ? "here" : "other";
  };
  const flush = async () => {
    if (sending) return;
    sending = true;
    let sent = 0;
    try {
      const waiting = (await all()).filter((entry) => entry.owner === known.owner && entry.state === "waiting");
      if (waiting.length === 0) return;
      const state = await reached();
      say(false);
      if (state !== "here") {
        if (state === "login" && byId("kept-note")) byId("kept-note").textContent = byId("kept").dataset.login;
        return;
      }
      for (const entry of waiting) {
        if (!(await send(entry))) break;
        sent += 1;
      }
    } catch {
      say(true); // still cut off: everything stays as it is
    } finally {
      sending = false;
      await show();
    }
    if (sent) document.body.dispatchEvent(new Event("till-news"));
  };
  // True: there is an answer for good, whatever it is. False: not now.
  const send = async (entry) => {
    const answer = await fetch("/counter/sale", {
      method: "POST",
      // The page's own token may be of a log-in that has ended.
      headers: { Accept: "application/json", "X-CSRF-Token": known.token || token(), "X-Background": "1" },
      body: new URLSearchParams(entry.fields),
      redirect: "manual",
    });
    if (answer.ok) {
      const { href } = await answer.json();
      await put({ ...entry, state: "sent", href });
      return true;
    }
    const unclear = answer.type === "opaqueredirect" || answer.status >= 500 || [401, 429].includes(answer.status);
    if (unclear || answer.headers.has("retry-after")) return false;
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 403 && problem.type?.endsWith("/csrf-failed")) return false;
    const told = (problem.errors ?? []).map((error) => error.message).join(" ");
    await put({ ...entry, state: "failed", problem: told || problem.detail || String(answer.status) });
    await show();
    return true;
  };

  // --- without a line -----------------------------------------------------------------------------------------------
  const offlineDesk = (who) => {
    if (document.querySelector("[data-offline-form]")) return;
    const made = byId("offline-template").content.cloneNode(true);
    till().append(made);
    const form = document.querySelector("[data-offline-form]");
    form.elements.who.value = who ?? "";
    form.elements[who ? "amount" : "who"].focus();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const fields = Object.fromEntries(new FormData(form));
      const plain = fields.amount.normalize("NFKC").trim().replace(/^[¥$€£]\s*/, "");
      const amount = /^\d{1,3}([, ]\d{3})+(\.\d*)?$/.test(plain) ? plain.replace(/[, ]/g, "") : plain;
      const right = /^\d{1,9}(\.\d{1,3})?$/.test(amount) && Number(amount) > 0;
      form.querySelector("[data-offline-bad]").hidden = right;
      if (!right) {
        form.elements.amount.focus();
        return;
      }
      const sale = { number: newNumber(), branch_id: known.branch, occurred_at: now(), who: fields.who.trim(), amount };
      form.reset(); // at once: the next customer's number may be typed before this entry is written down
      form.elements.who.focus();
      try {
        await keep({ ...sale, tender: fields["off-tender"] });
      } catch {
        form.elements.who.value ||= fields.who;
        form.elements.amount.value ||= fields.amount;
        lost();
        return;
      }
      flush();
    });
  };
  const lost = (title, words) => {
    till().querySelector(".alert[data-lost]")?.remove();
    const made = byId("lost-template").content.firstElementChild.cloneNode(true);
    made.dataset.lost = "";
    if (title) made.querySelector("strong").textContent = title;
    if (title) made.querySelector("[data-lost-text]").textContent = words;
    till().querySelector(".till-head").after(made);
  };
  const cutOff = async (event) => {
    const from = event.detail.elt;
    if (!till()?.contains(from)) return;
    say(true);
    const form = from.closest("form");
    if (form) delete form.dataset.sent;
    if (from.matches("[data-amount]") || from.id === "entries") return; // what only follows along
    if (form?.matches("[data-keep]") && from === form) {
      const fields = Object.fromEntries(new FormData(form));
      const needs = fields.wallet || fields.points || fields.coupon || Object.keys(fields).some((name) => name.startsWith("coupon_"));
      if (needs) return lost();
      await keep(fields);
      form.closest(".till").querySelectorAll(":scope > :not(.till-head)").forEach((part) => part.remove());
      offlineDesk("");
      return;
    }
    if (form?.matches("[role=search]")) return offlineDesk(form.elements.q.value.trim());
    lost();
  };
  document.addEventListener("htmx:sendError", cutOff);
  document.addEventListener("htmx:timeout", cutOff);
  window.addEventListener("offline", () => say(true));
  const back = async () => {
    if (!till()?.hasAttribute("data-shell")) return flush();
    try {
      if ((await reached()) === "") return undefined;
    } catch {
      return undefined;
    }
    await flush();
    const open = document.querySelector("[data-offline-form]");
    if (!open?.elements.amount.value && !open?.elements.who.value) location.replace("/counter");
    return undefined;
  };
  window.addEventListener("online", () => {
    say(false);
    back();
  });
  setInterval(back, 10_000);

  // --- forms: the time of sale, what follows along, refusals in their place -----------------------------------------
  document.addEventListener(
    "submit",
    (event) => {
      const stamp = event.target.querySelector?.("[data-stamp]");
      if (stamp && !stamp.value) stamp.value = now();
    },
    true,
  );
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (target?.id !== "till" || xhr.status < 400 || !xhr.responseText.includes('id="till"')) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt } = event.detail;
    const form = elt.closest?.("form");
    if (form) delete form.dataset.sent;
    if (elt.matches("[data-amount]") || elt.id === "entries") return;
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const told = (selector) => page.querySelector(`main ${selector}`)?.textContent;
    lost(told("h1") ?? String(xhr.status), told("p:not(.error-status)") ?? "");
  });
  let soon = 0;
  const requote = () => {
    clearTimeout(soon);
    soon = setTimeout(() => {
      const amount = byId("amount");
      if (amount?.matches("[data-amount]") && amount.value) htmx.trigger(amount, "requote");
    }, 150);
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-live]")) requote();
  });
  const arrive = () => {
    look();
    show();
    requote();
    const held = sessionStorage.getItem("till-code");
    if (held) useCode(JSON.parse(held));
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id === "till" || event.detail.elt?.id === "till") arrive();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    say(false);
    till()?.querySelector(".alert[data-lost]")?.remove();
  });

  // --- scanner ------------------------------------------------------------------------------------------------------
  const useCode = ({ code, until }) => {
    const field = byId("consent_code");
    if (!field || Date.now() > until) return;
    byId("consent").value = "qr";
    field.value = code;
    sessionStorage.removeItem("till-code");
  };
  const go = (href) => htmx.ajax("GET", href, { target: "#till", select: "#till", swap: "outerHTML" }).then(() => history.pushState({ htmx: true }, "", href));
  document.addEventListener("scan", (event) => {
    if (!till()) return;
    event.preventDefault();
    scanned(event.detail);
  });
  const scanned = async (code) => {
    let found;
    try {
      const body = new URLSearchParams({ code });
      const answer = await fetch("/counter/scan", { method: "POST", headers: { "X-CSRF-Token": token() }, body, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 403) return location.reload(); // locked, or somebody else's
      if (!answer.ok) throw new Error(String(answer.status));
      found = await answer.json();
    } catch {
      say(true);
      offlineDesk(code);
      return;
    }
    const sale = byId("sale");
    const coupon = sale?.querySelector("[data-coupon]");
    const amount = sale?.elements.amount.value;
    if (found.kind === "coupon" && coupon) {
      coupon.value = found.number;
      requote();
      byId("amount").focus();
    } else if (found.kind === "member") {
      if (found.code) sessionStorage.setItem("till-code", JSON.stringify({ code: found.code, until: Date.now() + 60_000 }));
      if (found.code && sale?.elements.member_id && found.href.endsWith(sale.elements.member_id.value)) arrive();
      else go(found.href + (amount ? `?${new URLSearchParams({ amount })}` : ""));
    } else {
      go(`/counter?${new URLSearchParams({ q: code })}`);
    }
  };

  // --- keys and small things ----------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (!till() || event.isComposing) return; // a Chinese input method takes its own keys first
    const press = (selector) => {
      const meant = document.querySelector(selector);
      if (!meant) return;
      event.preventDefault();
      meant.click();
    };
    if (event.altKey && /^Digit[1-6]$/.test(event.code)) press(`[data-tab="${event.code.slice(5)}"]`);
    else if (event.altKey && event.code === "KeyZ") press("[data-undo]");
    else if (event.key === "Escape" && !document.querySelector("dialog[open], details.account[open]")) press("[data-leave]");
    else if (event.key === "/" && !event.target.closest("input, textarea, select") && !document.querySelector("[data-search]")) press("[data-leave]");
  });
  document.addEventListener("click", (event) => {
    const fill = event.target.closest("[data-fill]");
    if (fill) {
      const field = byId(fill.dataset.fill);
      field.value = fill.dataset.value;
      field.focus();
    }
  });

  arrive();
  if (till()?.hasAttribute("data-shell")) offlineDesk("");
  flush();
  if ("serviceWorker" in navigator && window.isSecureContext && document.querySelector('meta[name="csrf-token"]')) {
    navigator.serviceWorker.register("/counter/worker.js", { scope: "/counter" }).catch(() => undefined);
  }
}
