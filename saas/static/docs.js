"use strict";

// Swagger UI knows its dark side by a class on the root.
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => {
  const theme = root.dataset.theme;
  root.classList.toggle("dark-mode", theme === "dark" || (theme === "auto" && dark.matches));
};
follow();
dark.addEventListener("change", follow);
new MutationObserver(follow).observe(root, { attributeFilter: ["data-theme"] });

const place = document.getElementById("reference");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // A key that was typed in here stays in this tab's memory.
  persistAuthorization: false,
  validatorUrl: null,
});
