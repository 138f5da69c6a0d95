"use strict";

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
