/* Karibu's part of a shop's service worker: shows notifications and opens what they lead to.
   The shop serves a file of its own, with this one line: importScripts("https://HOST/push-worker.js") */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => {
  const said = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(said.title || "", { body: said.body, tag: said.tag, data: { url: said.url } }),
  );
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data || {};
  if (url) event.waitUntil(self.clients.openWindow(url));
});
