// What has to be known before anything is painted: light or dark, whether to keep room
// for a guest's name, and where a guest was who comes back. It is the only script that is
// no module: modules wait for the page, and a page that changes a moment after it was
// shown flickers. None of it is a secret, so localStorage may keep it.
{
  const { dataset } = document.documentElement;
  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
  const base = new URL("..", src).pathname.slice(0, -1); // as storageName in lib/dom.js
  const remembered = (key) => localStorage.getItem(`restaurant${base}.${key}`);
  try {
    const choice = remembered("theme"), place = remembered("place");
    if (choice === "light" || choice === "dark") dataset.theme = choice;
    if (remembered("session")) dataset.guest = "";
    if ("start" in dataset && place && !location.hash) history.replaceState(null, "", place);
  } catch { /* storage is switched off: the system decides, and no guest is known */ }
  if (location.hash.length > 2) delete dataset.start; // another view
}
