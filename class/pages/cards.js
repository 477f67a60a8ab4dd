// The cards to print. To learn here: they are made by the server, so they need no script;
// this one only offers a button for what the browser's menu does, too, and is hidden where
// no script runs.

const go = /** @type {HTMLButtonElement} */ (document.querySelector("#print"));
go.hidden = false;
go.addEventListener("click", () => print());
