#!/bin/sh
# Installs Hurl for the tests in this folder, if this system has none: into dist/hurl. No stable
# Debian has Hurl yet, so it comes from Debian's testing, with the libraries that it needs. On
# other systems it says what is missing.
set -eu
cd "$(dirname "$0")/../.."
if command -v hurl >/dev/null || [ -x dist/hurl/hurl ]; then exit 0; fi
# mirror is where this Debian gets its packages.
mirror() {
	apt-get indextargets --format "\$(REPO_URI)" "Origin: Debian" "Label: Debian" 2>/dev/null | head -n 1
}
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "$(mirror)" ]; then apt-get update -qq; fi
if [ -z "$(mirror)" ]; then
	echo "contract: without Hurl (https://hurl.dev), the tests of .hurl files are skipped."
	exit 0
fi
echo "Downloading Hurl from Debian's testing"
dir=$PWD/dist/hurl
rm -rf "$dir"
mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/root"
cd "$dir"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) testing main" >sources.list
: >status # nothing is installed, so apt downloads all that Hurl needs
apt() {
	apt-get -qq -o Acquire::Retries=3 -o Acquire::Languages=none -o APT::Install-Recommends=false -o APT::Sandbox::User=root \
		-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Debug::NoLocking=true \
		-o Dir::State="$dir" -o Dir::State::Status="$dir/status" -o Dir::Cache="$dir" "$@"
}
apt update
apt install -y --download-only hurl
for package in archives/*.deb; do dpkg-deb -x "$package" root; done
rm -rf lists archives ./*.bin root/usr/share
# The libraries are of a newer Debian than this one may be, and so is their loader.
libraries=$(dirname "$(ls "$dir"/root/usr/lib/*/libcurl.so.4)")
loader=$(ls "$libraries"/ld-linux*.so.*)
cat >program <<END
#!/bin/sh
exec "$loader" --library-path "$libraries" "$dir/root/usr/bin/hurl" "\$@"
END
chmod +x program
./program --version
mv program hurl # now it is complete
