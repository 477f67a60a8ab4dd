// The login as a view of its own. To learn here: what a dialog does also works
// without one, for an address that can be typed, and when the dialog could not be
// fetched.

import { h } from "../lib/dom.js";
import { loginForm } from "../parts/login.js";
import { View } from "../parts/view.js";

class LoginView extends View {
  static heading = "Show your ID";

  build() {
    return [h(
      "div",
      { class: "card login-card" },
      loginForm(() => {
        location.hash = "#/menu";
      }),
    )];
  }
}

customElements.define("login-view", LoginView);
