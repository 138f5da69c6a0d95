// The till's shell for when the line is gone. Kept: that shell and the files it needs, nobody's data, no other page.
// FILES, SHELL and VERSION stand above: the server writes them.
const CACHE = `till-${VERSION}-${FILES.map((file) => file.split("/")[2]).join("")}`;
const PATIENCE = 8000;

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([...FILES, new Request(SHELL, { cache: "reload", credentials: "same-origin" })]);
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("till-") && name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

const page = async (request) => {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    const shell = await caches.match(SHELL);
    return shell ?? Response.error();
  }
};

const file = async (request) => (await caches.match(request)) ?? fetch(request);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.mode === "navigate" && (pathname === "/counter" || pathname.startsWith("/counter/"))) {
    event.respondWith(page(request));
  } else if (FILES.includes(pathname)) {
    event.respondWith(file(request));
  }
});
