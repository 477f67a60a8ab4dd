// Opens the printed menu: Swagger UI over the description of this API. The dialog asks for a
// client and scopes, which this API has not; no setting of Swagger UI hides them, nor puts
// what most people need, name and password, on top.
const dialog = new CSSStyleSheet();
dialog.replaceSync(
  ".auth-container :is(.scopes, .scope-def, "
    + ":has(> :is([for=password_type], [for^=client_id], [for^=client_secret]))) { display: none }"
    + ".modal-ux-content:has(> .auth-container) { display: grid }"
    + ".auth-container:has([for=oauth_username]) { order: -1 }",
);
document.adoptedStyleSheets.push(dialog);
window.onload = () => {
  document.title = "Restaurant: the printed menu of the API";
  window.ui = SwaggerUIBundle({
    url: new URL("../openapi.json", location.href).href,
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: "none",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: "StandaloneLayout",
    // The contract has one address of the server, and this page may be open under another.
    // Its answers are JSON, and Swagger UI asks for anything: GET /learn would send text.
    requestInterceptor: (request) => {
      if (request.headers?.accept === "*/*") request.headers.accept = "application/json";
      const { pathname, search } = new URL(request.url, location.href);
      return Object.assign(request, { url: location.origin + pathname + search });
    },
  });
};
