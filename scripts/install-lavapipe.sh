#!/usr/bin/env bash
# Installs Mesa's lavapipe, a Vulkan driver that computes on the processor, for the tests of the webgpu engine. The engine
# refuses Mesa before 25; where Debian's release has an older one, its backports may have a newer.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

readonly package=mesa-vulkan-drivers
as_root=()
[[ $EUID -eq 0 ]] || as_root=(sudo -E)

is_recent() { dpkg --compare-versions "${1:-0}" ge 25 2>/dev/null; }
candidate() { apt-cache policy "$package" | awk '$1 == "Candidate:" && $2 ~ /^[0-9]/ { print $2 }'; }
install() { "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@"; }

command -v apt-get >/dev/null
is_recent "$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null)" && exit

"${as_root[@]}" apt-get update -qq
if is_recent "$(candidate)"; then
  install "$package"
  exit
fi

release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Release: $release" 'Created-By: Packages' | head -n 1)
[[ -n $release && -n $mirror ]]
readonly source=/etc/apt/sources.list.d/fsx-backports.list
trap '"${as_root[@]}" rm -f "$source"' EXIT
echo "deb $mirror $release-backports main" | "${as_root[@]}" tee "$source" >/dev/null
"${as_root[@]}" apt-get update -qq
install -t "$release-backports" "$package"
