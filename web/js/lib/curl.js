// Writes a request down as a command. To learn here: a line that works in sh, cmd
// and PowerShell alike has double quotes only, no line break, no JSON and no $ or
// % in it. So bodies, and headers with quotes of their own, travel as files.

/** basePath is the path at whose end the restaurant stands, such as /restaurant, or "". */
export const basePath = new URL(".", document.baseURI).pathname.slice(0, -1);

/** houseURL is the address of the restaurant, without a slash at the end. */
export const houseURL = location.origin + basePath;

/** shells are the ways to write a request; the name of curl is all that differs. */
export const shells = [
  { id: "sh", label: "sh", curl: "curl" },
  { id: "cmd", label: "cmd", curl: "curl" },
  { id: "powershell", label: "PowerShell", curl: "curl.exe" },
  { id: "http", label: ".http" },
];

/** curlOf is curl as a shell knows it, with the options by which it trusts the server. */
export function curlOf(shell) {
  const options = document.body.dataset.curlOptions;
  const { curl } = shells.find((s) => s.id === shell);
  return options ? `${curl} ${options}` : curl;
}

/** renderCommand writes a request: {method, url, headers: [[name, value]], body, bodyName,
 *  needs: "bearer" | "cookie" | null, cookies, user, password, mode, stream}.
 *  It returns {text, files: [{name, text}]}: commands, one a line, and the files that
 *  they need beside them. */
export function renderCommand(request, shell) {
  if (shell === "http") return { text: dotHTTP(request), files: [] };
  const curl = curlOf(shell);
  const files = [], lines = [];
  const login = loginCommand(request, curl);
  if (login) lines.push(login);
  lines.push(command(request, curl, files));
  return { text: lines.join("\n"), files };
}

function loginCommand({ needs, base, user = "YOUR-NAME", password = "YOUR-PASSWORD", mode }, curl) {
  const who = `-d username=${user} -d password=${password}`;
  if (needs === "cookie") {
    return `${curl} -fsS -c cookies.txt ${who} -d cookie=${
      mode === "cookie" ? "true" : "refresh"
    } ${base}/api/v1/auth/login`;
  }
  if (needs === "bearer") {
    return `${curl} -fsS -H "Accept: text/plain" ${who} ${base}/api/v1/auth/login -o wristband.txt`;
  }
  return null;
}

function command(request, curl, files) {
  const { method, url, headers, body, needs, cookies, stream, name = "request" } = request;
  const words = [curl, stream ? "-i -N" : "-i"];
  if (method !== (body ? "POST" : "GET")) words.push("-X " + method);
  if (needs === "cookie") words.push("-b cookies.txt");
  if (cookies) words.push("-c cookies.txt");
  if (needs === "bearer") words.push(`-H "@wristband.txt"`);
  const form = body && isShellSafe(body)
    && headers.find(([name, value]) => name === "Content-Type" && value === formType);
  const asFile = headers.filter(([, value]) => !isShellSafe(value) || value.length > 200);
  for (const header of headers.filter((pair) => pair !== form && !asFile.includes(pair))) {
    words.push(`-H "${header.join(": ")}"`);
  }
  if (asFile.length > 0) {
    files.push({ name: name + "-headers.txt", text: asFile.map((pair) => pair.join(": ")).join("\n") + "\n" });
    words.push(`-H "@${name}-headers.txt"`);
  }
  if (form) words.push(...body.split("&").map((field) => `-d ${field}`)); // curl says by itself that it is a form
  else if (body) {
    files.push({ name: name + ".json", text: body });
    words.push(`-d "@${name}.json"`);
  }
  words.push(/[?&]/.test(url) ? `"${url}"` : url);
  return words.join(" ");
}

/** formType is the media type of forms. */
export const formType = "application/x-www-form-urlencoded";

/** isShellSafe reports whether every shell leaves the text unchanged in double quotes. */
const isShellSafe = (text) => !/["$%`!\\^]/.test(text);

/** dotHTTP is for editors that send requests; it holds the request as it went out. */
function dotHTTP({ method, url, headers, body, title, token }) {
  const lines = [`### ${title}`, `${method} ${url}`, ...headers.map((pair) => pair.join(": "))];
  if (token) lines.splice(2, 0, "Authorization: Bearer " + token);
  if (body) lines.push("", body);
  return lines.join("\n") + "\n";
}
