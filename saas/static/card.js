"use strict";

// The code of a member's card: a new one before the old one ends, while somebody looks; none in a pocket.
const EARLY = 8; // seconds
const PAUSE = 5;
const card = document.querySelector("[data-code]");
const place = card?.querySelector(".code-place");
const lost = card?.querySelector(".code-lost");
const refused = card?.querySelector(".code-refused");
const GONE = 404;
let ends = 0;
let next = 0; // after a failure
let asking = false;

const shown = () => place.querySelector(".code-shown");
const begin = () => {
  ends = Date.now() + Number(shown().dataset.seconds) * 1000;
};
const left = () => Math.max(0, Math.round((ends - Date.now()) / 1000));

const renew = async () => {
  if (asking) return;
  asking = true;
  let answer = null;
  try {
    answer = await fetch(card.dataset.code, { method: "POST", headers: { "X-Part": "code" } });
    if (answer.status === GONE) location.reload(); // the link was ended meanwhile: the page says so
    if (!answer.ok) throw new Error(String(answer.status));
    place.innerHTML = await answer.text();
    lost.hidden = refused.hidden = true;
    next = 0;
    begin();
  } catch {
    lost.hidden = answer !== null;
    refused.hidden = answer === null;
    next = Date.now() + PAUSE * 1000;
  } finally {
    asking = false;
  }
};

const look = () => {
  if (document.hidden) return;
  if (left() === 0 && shown()) place.replaceChildren(); // an old code would only be refused
  else if (shown()) place.querySelector(".code-left").value = left();
  if (left() <= EARLY && Date.now() >= next) renew();
};

if (card) {
  if ("loaded" in card.dataset) begin();
  look();
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", renew);
}

// A second tap on what is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "true";
  form.querySelector('[type="submit"]')?.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector('[type="submit"]')?.removeAttribute("aria-disabled");
  }
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
