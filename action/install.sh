#!/usr/bin/env bash
# The version that is wanted to an environment of its own: outputs "python" (its interpreter) and "version".
# -I: nothing in the current folder, which holds the code to be scanned, is ever imported.
set -euo pipefail

wanted="$GITHUB_ACTION_PATH"
if [ -n "$VERSION" ]; then
  if ! [[ "$VERSION" =~ ^[0-9][0-9A-Za-z.]*$ ]]; then
    echo "::error title=mapguard::the input version is not a version number"
    exit 2
  fi
  wanted="mapguard==$VERSION"
fi

folder="$RUNNER_TEMP/mapguard/venv"
"$SETUP_PYTHON" -I -m venv "$folder"
python="$folder/bin/python"
[ -x "$python" ] || python="$folder/Scripts/python.exe"
if ! "$python" -I -m pip install --quiet --disable-pip-version-check "$wanted"; then
  if [ -n "$VERSION" ]; then
    echo "::error title=mapguard::mapguard $VERSION could not be installed from PyPI. If it is not released there, leave the input version empty: then the revision of the action that the workflow names (uses: mapguard/mapguard@REVISION) installs itself"
  fi
  exit 1
fi

installed="$("$python" -I -m mapguard version)"
echo "$installed"
{
  echo "python=$python"
  echo "version=${installed#mapguard }"
} >>"$GITHUB_OUTPUT"
