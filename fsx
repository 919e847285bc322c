#!/bin/sh
# Runs fsx from a checkout. The first use installs and builds; see scripts/launch.cjs.
script=$0
while [ -L "$script" ]; do
  target=$(readlink "$script")
  case $target in
    /*) script=$target ;;
    *) script=$(dirname "$script")/$target ;;
  esac
done
root=$(cd "$(dirname "$script")" && pwd -P) || exit 1

if ! command -v node >/dev/null 2>&1; then
  echo 'fsx needs Node.js 20.19 or newer, and there is no "node" on the PATH. See https://nodejs.org' >&2
  exit 1
fi
exec node "$root/scripts/launch.cjs" "$@"
