// Light or dark, before anything is painted. It is the only script that is no
// module: modules wait for the page, and a page that turns dark a moment after
// it was shown is a flash. The choice is a preference, so localStorage may keep it.
try {
  const choice = localStorage.getItem("restaurant.theme");
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
} catch { /* storage is switched off: the system decides */ }
