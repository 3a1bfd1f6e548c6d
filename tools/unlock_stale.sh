#!/usr/bin/env bash
# Remove the lock that a killed run of Snakemake left in this project, and what it was writing, unless a run is still
# alive in it.
# Usage: tools/unlock_stale.sh [SNAKEMAKE]
set -eu
cd "$(dirname "$0")/.."

[ -n "$(ls -A .snakemake/locks 2>/dev/null)" ] || exit 0
for process in $(pgrep -f snakemake || true); do
  if [ "$process" != $$ ] && [ "$process" != "$PPID" ] && [ "$(readlink "/proc/$process/cwd")" = "$PWD" ] &&
    ! grep -qz 'unlock_stale' "/proc/$process/cmdline"; then
    echo "Another run is at work in this folder (process $process): wait for it, or stop it." >&2
    exit 1
  fi
done
echo "An earlier run was stopped half-way: it is resumed."
find results figures paper notebooks -name '.*.partial' -type f -delete 2>/dev/null || true
"${1:-snakemake}" --unlock --quiet all
