// What has to be known before anything is painted: light or dark, and whether to
// keep room for a guest's name. It is the only script that is no module: modules
// wait for the page, and a page that changes a moment after it was shown flickers.
// Both are no secrets, so localStorage may keep them.
try {
  const { dataset } = document.documentElement, choice = localStorage.getItem("restaurant.theme");
  if (choice === "light" || choice === "dark") dataset.theme = choice;
  if (localStorage.getItem("restaurant.session")) dataset.guest = "";
} catch { /* storage is switched off: the system decides, and no guest is known */ }
