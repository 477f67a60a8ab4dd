#!/usr/bin/env bash
# Gives the module another path, in all its go.mod files and imports, so that others can
# install it from where it is hosted:
#
#   deploy/module-path.sh github.com/you/restaurant
set -euo pipefail
cd "$(dirname "$0")/.."

new=${1:-}
if ! [[ $new =~ ^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._~-]+)+$ ]]; then
  echo "module-path: name the address of the repository without https://, as in: make module-path MODULE=github.com/you/restaurant" >&2
  exit 1
fi
old=$(go list -m)
was=${old//./\\.}

rewrite() { # FILE SED-EXPRESSION...
  local file=$1 text
  shift
  text=$(sed -E "$@" "$file")
  printf '%s\n' "$text" >"$file"
}

files() { find . -name "$1" -not -path '*/node_modules/*' -not -path './dist/*'; }

files '*.go' | xargs grep -lE "\"$was/[a-z]" | while read -r file; do
  rewrite "$file" -e "s#\"$was/([a-z])#\"$new/\1#g"
  gofmt -w "$file"
done
files go.mod | while read -r file; do
  rewrite "$file" -e "s#^module $was(/|\$)#module $new\1#" -e "s#^([[:space:]]+|require |replace )$was (v|=>)#\1$new \2#"
done
# go install refuses a module that replaces others.
sed -nE 's#^[[:space:]]+([^ ]+) => \./stubs/.*#\1#p' go.mod | while read -r module; do
  go mod edit -dropreplace "$module"
  (cd docs/generate && go mod edit -dropreplace "$module")
done
rm -rf stubs
rewrite Dockerfile -e "/^COPY stubs /d"
files go.mod | while read -r file; do
  (cd "$(dirname "$file")" && go mod tidy)
done
echo "The module is $new now. Run make check, and commit; then go install $new@latest works for every tag."
